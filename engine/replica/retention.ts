import type { SnapshotInfo } from '../storage/client.ts'

/** What a replica holds, as far as retention goes by it. */
export interface Holdings {
  /** Of all generations, by generation and index. */
  readonly snapshots: readonly SnapshotInfo[]
  /** Generations without a snapshot. */
  readonly remains: readonly Remains[]
}

/** A generation that nothing can be restored from: a deletion was broken off, or a first snapshot was, or it is under way. */
export interface Remains {
  readonly generation: string
  /** When its newest object was stored. */
  readonly newestAt: Date
}

/** What retention wants done. */
export interface RetentionPlan {
  /** No snapshot of the present generation is young enough: take one, then plan again. What else is planned need not wait. */
  readonly snapshotNeeded: boolean
  /** Generations to delete whole, oldest name first. */
  readonly generations: readonly string[]
  /** Generations of which snapshots and WAL below an index go. */
  readonly below: readonly { readonly generation: string; readonly index: number }[]
}

/**
 * Retention as Litestream has it: per generation everything before its oldest snapshot that is young enough goes, and a
 * generation without such a snapshot goes whole; one without any goes when nothing in it is young, since somebody may be
 * storing its first snapshot. Unlike there, the newest snapshot of the present generation always
 * counts as young enough, so that the present generation is never deleted. What goes does not wait for a new snapshot, which
 * may need its room.
 *
 * @param current the generation being written; undefined deletes nothing
 * @param mayRenew a new snapshot of `current` would hold more than its newest one, and may be asked for
 * @param nowMs what the storage's clock shows
 */
export function planRetention(
  { snapshots, remains }: Holdings,
  current: string | undefined,
  mayRenew: boolean,
  nowMs: number,
  retentionMs: number,
): RetentionPlan {
  const own = snapshots.filter(({ generation }) => generation === current)
  const newest = own.at(-1)
  if (newest === undefined || retentionMs <= 0) return { snapshotNeeded: false, generations: [], below: [] }
  const isYoungAt = (time: Date): boolean => time.getTime() >= nowMs - retentionMs
  const isYoung = ({ createdAt }: SnapshotInfo): boolean => isYoungAt(createdAt)
  const left = remains.filter(({ generation, newestAt }) => generation !== current && !isYoungAt(newestAt))
  const generations = left.map(({ generation }) => generation)
  const below: { generation: string; index: number }[] = []
  for (const [generation, group] of Map.groupBy(snapshots, (snapshot) => snapshot.generation)) {
    const oldest = group.find((snapshot) => isYoung(snapshot) || snapshot === newest)
    if (oldest === undefined) generations.push(generation)
    else if (group[0] !== oldest) below.push({ generation, index: oldest.index })
  }
  return { snapshotNeeded: mayRenew && !own.some(isYoung), generations: generations.sort(), below }
}

import { hasCode, type WherryError } from '../errors.ts'
import { hex8, keys } from '../format/names.ts'
import type { GenerationListing } from '../restore/listing.ts'
import type { Fault } from './report.ts'

/** Damage where it was found, before it is known what it means. */
export interface Damage {
  readonly object: string
  /** The WAL index that cannot be used, or that the snapshot begins. */
  readonly index: number
  readonly problem: string
}

const KEY =
  /generations\/[0-9a-f]{16}\/(?:wal\/([0-9a-f]{8})_([0-9a-f]{8,})\.wal|snapshots\/([0-9a-f]{8})\.snapshot)\.lz4/

/** Where the object is that an error is about. Errors of damaged replicas name it first, as those of storages do. */
export function placeIn(message: string): { object: string; index: number; offset: number } | undefined {
  const [object, index, offset = '0', snapshot] = KEY.exec(message) ?? []
  if (object === undefined) return undefined
  return { object, index: Number.parseInt(index ?? snapshot ?? '0', 16), offset: Number.parseInt(offset, 16) }
}

/** True for what is wrong with the replica; anything else is about the way to it. */
export function isDamage(error: unknown): error is WherryError {
  return hasCode(error, 'ERR_REPLICA_DAMAGED', 'ERR_OBJECT_NOT_FOUND')
}

/**
 * What damage means for restores. A restore starts from the last snapshot that is not beyond what is asked for, so damage
 * reaches up to the next snapshot.
 *
 * @param newest the generation that a restore takes
 */
export function faultOf(
  { object, index, problem }: Damage,
  listing: GenerationListing,
  newest: string | undefined,
): Fault {
  const { generation, snapshots } = listing
  const fault = { generation, object, problem }
  const [first] = snapshots
  if (first === undefined || index < first.index) {
    return { ...fault, affects: 'nothing', consequence: 'no restore needs it' }
  }
  const next = snapshots.find((snapshot) => snapshot.index > index)
  if (next !== undefined) {
    const consequence = `states of ${indexes(index, next.index - 1)} cannot be restored; newer ones do not need it`
    return { ...fault, affects: 'older', consequence }
  }
  const before =
    index > first.index
      ? `-generation ${generation} -index ${hex8(index - 1)} restores what was stored before`
      : 'nothing of this generation can be restored for sure'
  if (generation === newest) {
    return { ...fault, affects: 'newest', consequence: `the newest state cannot be restored; ${before}` }
  }
  const consequence = `the end of this generation cannot be restored, which is older than the newest; ${before}`
  return { ...fault, affects: 'older', consequence }
}

function indexes(from: number, to: number): string {
  return from === to ? `WAL index ${hex8(from)}` : `WAL indexes ${hex8(from)} to ${hex8(to)}`
}

/** How long the first snapshot of a generation may be under way before its absence counts as a loss. */
export const FIRST_SNAPSHOT_MS = 3_600_000

/**
 * The fault of a generation that has WAL and no snapshot, if it is one: where a restore falls back on an older generation,
 * and for too long to be waiting for a first snapshot, or where there is nothing else. One that is older than the newest
 * has nothing that is missed: retention or a broken start left it.
 */
export function missingSnapshot(
  { generation, from, to }: { readonly generation: string; readonly from: Date; readonly to: Date },
  newest: { readonly generation: string; readonly to: Date } | undefined,
  now: Date,
): Fault | undefined {
  const object = keys.snapshots(generation)
  const problem = `${object} is empty, and WAL cannot be restored without a snapshot`
  const fault = { generation, object, problem, affects: 'newest' } as const
  if (newest === undefined) return { ...fault, consequence: 'nothing of this replica can be restored' }
  if (to <= newest.to || now.getTime() - from.getTime() < FIRST_SNAPSHOT_MS) return undefined
  const consequence = `a restore takes generation ${newest.generation}, and loses all since ${newest.to.toISOString()}`
  return { ...fault, consequence }
}

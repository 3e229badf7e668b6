import { WherryError } from '../errors.ts'
import { keys, type Position } from '../format/names.ts'
import { generationTimes } from '../replica/generation-times.ts'
import type { SegmentInfo, SnapshotInfo } from '../storage/client.ts'
import { type Doubt, doubtsAbout } from './doubts.ts'
import { type GenerationListing, isTooNew, type RestoreTarget } from './listing.ts'
import { newerWithoutSnapshot, noMatch, pickGeneration, pickSnapshot } from './pick-generation.ts'
import { continuation } from './planned-end.ts'

/** The segments of one WAL index, from offset 0. */
export interface PlannedIndex {
  readonly index: number
  readonly segments: readonly SegmentInfo[]
}

/** The objects that make up a state: a snapshot, and the WAL of consecutive indexes that starts at the snapshot's. */
export interface RestorePlan {
  readonly snapshot: SnapshotInfo
  /** Ascending; empty when the snapshot is all there is. */
  readonly wal: readonly PlannedIndex[]
  /** The time of the newest object in the plan. */
  readonly updatedAt: Date
  /** The first segment that is too new for the target's time. */
  readonly tooNew: SegmentInfo | undefined
  /** The segment after the planned WAL that tells where that must end; only for an older state, see {@link continuation}. */
  readonly next: SegmentInfo | undefined
  /** Generations with newer WAL that cannot be restored, since they have no snapshot. */
  readonly passedOver: readonly string[]
  /** Generations that may be newer than the chosen one. */
  readonly doubts: readonly Doubt[]
}

/**
 * Chooses the objects to restore from, by Litestream 0.3.13's rules, but for: a timestamp after the last upload finds the
 * newest state instead of nothing; a generation without a snapshot is passed over while another one has one; among
 * several snapshots the one with the highest index is taken, which needs the least WAL.
 *
 * @param replica its name, for messages
 * @param unusable keys of snapshots that must not be taken
 * @throws WherryError ERR_NO_BACKUP when nothing matches; ERR_REPLICA_DAMAGED, naming the key, when an object that must be
 *   there is missing; ERR_USAGE when both index and timestamp are given
 */
export function planRestore(
  replica: string,
  listings: readonly GenerationListing[],
  target: RestoreTarget,
  unusable: ReadonlySet<string> = new Set(),
): RestorePlan {
  if (target.index !== undefined && target.timestamp !== undefined) {
    throw new WherryError('ERR_USAGE', 'An index and a timestamp to restore exclude each other')
  }
  const wanted = listings.filter(({ generation }) => generation === (target.generation ?? generation))
  const listing = pickGeneration(wanted, target, unusable)
  const snapshot = listing === undefined ? undefined : pickSnapshot(listing.snapshots, target, unusable)
  if (listing === undefined || snapshot === undefined) throw noMatch(replica, wanted, target)
  const { accepted, leftOut } = acceptedSegments(listing.segments, snapshot, target)
  const wal = byIndex(accepted)
  requireEveryIndex(snapshot, wal)
  const end = wal.at(-1)?.index ?? snapshot.index - 1
  const tooNew = target.timestamp === undefined ? undefined : leftOut
  const next = leftOut === undefined ? undefined : continuation(end, leftOut, listing, target)
  const updatedAt = generationTimes([snapshot, ...accepted])?.updatedAt ?? snapshot.createdAt
  const passedOver = newerWithoutSnapshot(wanted, listing, target)
  const doubts = doubtsAbout(wanted, listing, target)
  return { snapshot, wal, updatedAt, tooNew, next, passedOver, doubts }
}

/** All segments up to the first that is too new or beyond the target's index. */
function acceptedSegments(
  segments: readonly SegmentInfo[],
  snapshot: SnapshotInfo,
  target: RestoreTarget,
): { accepted: readonly SegmentInfo[]; leftOut: SegmentInfo | undefined } {
  const last = target.index ?? Number.POSITIVE_INFINITY
  const candidates = segments.filter(({ index }) => index >= snapshot.index)
  const end = candidates.findIndex((segment) => segment.index > last || isTooNew(segment, target))
  return end === -1
    ? { accepted: candidates, leftOut: undefined }
    : { accepted: candidates.slice(0, end), leftOut: candidates[end] }
}

/** Groups segments, which are sorted, by their WAL index. */
export function byIndex(segments: readonly SegmentInfo[]): PlannedIndex[] {
  const indexes: { index: number; segments: SegmentInfo[] }[] = []
  for (const segment of segments) {
    const last = indexes.at(-1)
    if (last?.index === segment.index) last.segments.push(segment)
    else indexes.push({ index: segment.index, segments: [segment] })
  }
  return indexes
}

/** Names tell that an index or its start is missing; whether segments join up, only their bytes tell. */
function requireEveryIndex({ generation, index: first }: SnapshotInfo, wal: readonly PlannedIndex[]): void {
  for (const [at, { index, segments }] of wal.entries()) {
    if (index !== first + at || segments[0]?.offset !== 0) throw missing({ generation, index: first + at, offset: 0 })
    for (const [n, segment] of segments.entries()) {
      const before = segments[n - 1]
      if (before === undefined || before.offset < segment.offset) continue
      throw new WherryError('ERR_REPLICA_DAMAGED', `${keys.segment(segment)} is listed out of order`)
    }
  }
}

/** The error for a segment that the WAL cannot do without. @param why how that is known */
export function missing({ generation, index, offset }: Position, why?: string): WherryError {
  const what = `${keys.segment({ generation, index, offset })} is missing`
  return new WherryError('ERR_REPLICA_DAMAGED', why === undefined ? what : `${what}: ${why}`)
}

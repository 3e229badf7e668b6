import type { Position } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'

/** How far a replica got with a generation: the end of its last WAL segment, or the start of its newest snapshot's index. */
export interface RemoteEnd {
  readonly index: number
  readonly offset: number
  /** The WAL's cumulative checksum at the end; undefined when there is no segment yet. */
  readonly checksum: WalMark['checksum'] | undefined
}

/** The part of a segment that matters here. */
export interface SegmentStart {
  readonly index: number
  readonly offset: number
  /** The WAL's cumulative checksum at `offset`. */
  readonly start: WalMark['checksum']
  readonly previousEnd: WalMark | undefined
}

export type ResumePlan =
  /** Nothing to go on from: a snapshot of now, and the WAL from the start of its index. */
  | { readonly kind: 'snapshot' }
  /** The replica holds what this database never had: this generation must not be continued. */
  | { readonly kind: 'diverged'; readonly reason: string }
  /** Go on in the live WAL from `offset`. */
  | { readonly kind: 'live'; readonly offset: number }
  /** Go on with the waiting segment number `first`. */
  | { readonly kind: 'waiting'; readonly first: number }

/**
 * Where a replica that holds `remote` of a generation goes on. Places are compared by their checksums too: a database that
 * lost its latest writes with the power may have written others at the same offsets.
 *
 * @param position how far the database was copied
 * @param waiting segments that were copied and wait for this replica, in order
 */
export function planResume(
  remote: RemoteEnd | undefined,
  position: Position,
  waiting: readonly SegmentStart[],
): ResumePlan {
  if (remote === undefined) return { kind: 'snapshot' }
  if (remote.index > position.index || (remote.index === position.index && remote.offset > position.offset)) {
    return { kind: 'diverged', reason: 'replica is ahead of the database' }
  }
  if (remote.index === position.index) return { kind: 'live', offset: remote.offset }
  const first = waiting.findIndex((segment) => follows(segment, remote))
  return first === -1 ? { kind: 'snapshot' } : { kind: 'waiting', first }
}

/** True when the segment begins where the replica ends: at that place, or at the start of the index after it. */
function follows({ index, offset, start, previousEnd }: SegmentStart, remote: RemoteEnd): boolean {
  if (index === remote.index && offset === remote.offset) return offset === 0 || isEqual(start, remote.checksum)
  return (
    previousEnd?.index === remote.index &&
    previousEnd.offset === remote.offset &&
    isEqual(previousEnd.checksum, remote.checksum)
  )
}

function isEqual(a: WalMark['checksum'], b: WalMark['checksum'] | undefined): boolean {
  return a.s0 === b?.s0 && a.s1 === b.s1
}

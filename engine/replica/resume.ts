import type { Position } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'

/** How far a replica got with a generation: its newest snapshot, and the end of its last WAL segment. */
export interface RemoteEnd {
  readonly snapshotIndex: number
  readonly index: number
  readonly offset: number
  /** The WAL's cumulative checksum at the end; undefined when there is no segment yet. */
  readonly checksum: WalMark['checksum'] | undefined
}

/** The part of a segment that matters here. */
export interface SegmentRange {
  readonly index: number
  readonly offset: number
  readonly size: number
  readonly previousEnd: WalMark | undefined
}

export type ResumePlan =
  /** Nothing usable there: a snapshot of now, and the WAL from the start of its index. */
  | { readonly kind: 'snapshot' }
  /** The replica holds what this database never had: this generation must not be continued. */
  | { readonly kind: 'diverged'; readonly reason: string }
  /** Go on in the live WAL from `offset`. */
  | { readonly kind: 'live'; readonly offset: number }
  /** Go on with the waiting segment number `first`, leaving out its first `skipBytes`. */
  | { readonly kind: 'waiting'; readonly first: number; readonly skipBytes: number }

/**
 * Where a replica that holds `remote` of a generation goes on.
 *
 * @param position how far the database was copied
 * @param waiting segments that were copied and wait for this replica, in order
 */
export function planResume(
  remote: RemoteEnd | undefined,
  position: Position,
  waiting: readonly SegmentRange[],
): ResumePlan {
  if (remote === undefined) return { kind: 'snapshot' }
  if (remote.index > position.index || (remote.index === position.index && remote.offset > position.offset)) {
    return { kind: 'diverged', reason: 'replica is ahead of the database' }
  }
  if (remote.index === position.index) return { kind: 'live', offset: remote.offset }
  const first = waiting.findIndex((segment) => holds(segment, remote) || follows(segment, remote))
  const segment = waiting[first]
  if (segment === undefined) return { kind: 'snapshot' }
  return { kind: 'waiting', first, skipBytes: segment.index === remote.index ? remote.offset - segment.offset : 0 }
}

function holds(segment: SegmentRange, { index, offset }: RemoteEnd): boolean {
  return segment.index === index && segment.offset <= offset && offset < segment.offset + segment.size
}

function follows({ previousEnd }: SegmentRange, remote: RemoteEnd): boolean {
  return (
    previousEnd !== undefined &&
    previousEnd.index === remote.index &&
    previousEnd.offset === remote.offset &&
    previousEnd.checksum.s0 === remote.checksum?.s0 &&
    previousEnd.checksum.s1 === remote.checksum.s1
  )
}

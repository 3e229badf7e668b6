import { hasCode } from '../errors.ts'
import { release } from '../format/lz4.ts'
import { keys } from '../format/names.ts'
import type { WalHeader } from '../format/wal.ts'
import type { SegmentInfo } from '../storage/client.ts'
import type { Downloads } from './downloads.ts'
import type { GenerationListing, RestoreTarget } from './listing.ts'
import { MarkedObject } from './marked-object.ts'
import { missing } from './plan.ts'

/**
 * An older state may lack a segment at its end, which nothing in it shows: only what was stored next does.
 *
 * @param end the last WAL index of the plan, or the one before its snapshot when there is no WAL
 * @param leftOut the first segment that is beyond the target
 * @returns the segment that {@link requirePlannedEnd} is to ask; undefined when there is none that tells
 * @throws WherryError ERR_REPLICA_DAMAGED when names tell that something is missing before it
 */
export function continuation(
  end: number,
  leftOut: SegmentInfo,
  { generation, snapshots }: GenerationListing,
  { index: wanted, timestamp }: RestoreTarget,
): SegmentInfo | undefined {
  const isNext = leftOut.index === end + 1 && leftOut.offset === 0
  if (wanted !== undefined) {
    if (end < wanted) throw missing({ generation, index: end + 1, offset: 0 })
    return isNext ? leftOut : undefined
  }
  // A replica that fell too far behind begins again with a snapshot: what is before it may end anywhere.
  if (snapshots.some(({ index }) => index > end && index <= leftOut.index)) return undefined
  if (isNext || leftOut.index === end) return leftOut
  const why = `it may have been stored before ${timestamp?.toISOString()}`
  throw missing({ generation, index: end + 1, offset: 0 }, why)
}

/**
 * Holds the end of the newest index of a plan against the segment that was stored next: its offset in the same index, or the
 * mark that it carries as the first of the next one. What is wrong with that segment itself does not matter here.
 *
 * @param length how far the index goes
 * @throws WherryError ERR_REPLICA_DAMAGED when it does not go as far as it did; the storage's errors
 */
export async function requirePlannedEnd(
  last: SegmentInfo,
  length: number,
  header: WalHeader,
  next: SegmentInfo,
  downloads: Downloads,
): Promise<void> {
  const end = next.index === last.index ? next.offset : await markedEnd(last, header, next, downloads)
  if (length >= end) return
  throw missing({ ...last, offset: length }, `Index ${last.index} goes up to offset ${end} at least`)
}

/** Where the index ends by the mark in `next`; 0 when that does not tell, or tells of another WAL. */
async function markedEnd(
  { index }: SegmentInfo,
  { salt1, salt2 }: WalHeader,
  next: SegmentInfo,
  downloads: Downloads,
): Promise<number> {
  const object = new MarkedObject(keys.segment(next))
  try {
    await downloads.segment(next, async (bytes) => {
      for await (const piece of object.decode(bytes)) {
        release(piece)
        break
      }
    })
  } catch (error) {
    if (!hasCode(error, 'ERR_REPLICA_DAMAGED', 'ERR_OBJECT_NOT_FOUND')) throw error
  }
  const { mark } = object
  return mark?.index === index && mark.salt1 === salt1 && mark.salt2 === salt2 ? mark.offset : 0
}

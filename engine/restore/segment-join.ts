import { WherryError } from '../errors.ts'
import { release } from '../format/lz4.ts'
import { keys } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { SegmentInfo } from '../storage/client.ts'
import type { Downloads } from './downloads.ts'
import { MarkedObject } from './marked-object.ts'
import { missing, type PlannedIndex } from './plan.ts'
import type { Prefetch } from './prefetch.ts'
import type { WalStore } from './wal-store.ts'

/**
 * Decodes the segments of an index into `store`, end to end. Segments may overlap where they have the same bytes: when
 * Litestream 0.3.13 ends, its last two syncs can run at once, and one of them stores a longer segment in the place of one
 * that the other has gone on from.
 * @returns the mark that the first one carries
 * @throws WherryError ERR_REPLICA_DAMAGED when they leave a gap, or differ where they overlap; the storage's errors
 */
export async function joinSegments(
  { segments }: PlannedIndex,
  store: WalStore,
  prefetch: Prefetch,
  downloads: Downloads,
): Promise<WalMark | undefined> {
  let firstMark: WalMark | undefined
  store.truncate(0)
  for (const [n, segment] of segments.entries()) {
    const object = new MarkedObject(keys.segment(segment))
    const end = store.length
    if (end < segment.offset) throw missing({ ...segment, offset: end })
    const decode = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
      store.truncate(end)
      let at = segment.offset
      for await (const piece of object.decode(bytes)) {
        const known = Math.min(piece.length, Math.max(end - at, 0))
        const isSame = store.read(at, at + known).equals(piece.subarray(0, known))
        if (!isSame) throw conflict(segments[n - 1] ?? segment, segment)
        store.append(piece.subarray(known))
        at += piece.length
        release(piece)
      }
    }
    const fetched = await prefetch.take(segment)
    if (fetched === undefined) await downloads.segment(segment, decode)
    else await decode(once(fetched))
    if (n === 0) firstMark = object.mark
  }
  return firstMark
}

function conflict(before: SegmentInfo, segment: SegmentInfo): WherryError {
  const [first, second] = [before, segment].map((info) => keys.segment(info))
  return new WherryError('ERR_REPLICA_DAMAGED', `${first} overlaps ${second} with other content`)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

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
 * Decodes the segments of an index into `store`, end to end.
 * @returns the mark that the first one carries
 * @throws WherryError ERR_REPLICA_DAMAGED when they leave a gap or overlap; the storage's errors
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
    const next = segments[n + 1]
    const decode = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
      store.truncate(segment.offset)
      for await (const piece of object.decode(bytes)) {
        store.append(piece)
        release(piece)
        if (next !== undefined && store.length > next.offset) throw overlap(segment, next)
      }
    }
    const fetched = await prefetch.take(segment)
    if (fetched === undefined) await downloads.segment(segment, decode)
    else await decode(once(fetched))
    if (next !== undefined && store.length < next.offset) throw missing({ ...segment, offset: store.length })
    if (n === 0) firstMark = object.mark
  }
  return firstMark
}

function overlap(segment: SegmentInfo, next: SegmentInfo): WherryError {
  return new WherryError('ERR_REPLICA_DAMAGED', `${keys.segment(segment)} overlaps ${keys.segment(next)}`)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

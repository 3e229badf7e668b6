import { type FileHandle, open } from 'node:fs/promises'
import type { SnapshotImage } from '../database/replica-feed.ts'
import type { TrialCopy } from '../restore/execute-plan.ts'
import { PageSet } from '../restore/page-set.ts'
import { throwIfAborted } from '../storage/abort.ts'
import { freeLeaves } from './free-pages.ts'

/** Read and compared in one piece: takes less than a millisecond. A multiple of every page size. */
const PIECE_SIZE = 1 << 20

/**
 * Holds a restored copy against the live database, page by page.
 *
 * The file of the live database stands still, but for what its present WAL index changed, as far as that is in the file
 * already. So the pages that the copy took from that index are passed over: their frames have the WAL's own cumulative
 * checksum. Every other page is in the file as the copy must have it, but for free pages, which SQLite need not write.
 *
 * @param copy ends in the index that the image stands in, not before `image.needs`
 * @returns the first page that differs; undefined when none does
 * @throws WherryError ERR_CANCELLED; errors of the file system
 */
export async function findDifference(
  copy: TrialCopy,
  image: SnapshotImage,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { pageSize, pages } = copy
  const changed = new PageSet()
  for (const page of copy.newestPages) changed.add(page)
  const file = await open(copy.path)
  try {
    let free: Set<number> | undefined
    const pieces = Buffer.allocUnsafeSlow(2 * PIECE_SIZE)
    for (let at = 0; at < pages * pageSize; at += PIECE_SIZE) {
      throwIfAborted(signal, 'The comparison with the database')
      const sizeBytes = Math.min(PIECE_SIZE, pages * pageSize - at)
      const restored = pieces.subarray(0, sizeBytes)
      const live = pieces.subarray(PIECE_SIZE, PIECE_SIZE + sizeBytes)
      await fill(restored, (into, offset) => readFrom(file, into, at + offset))
      await fill(live, (into, offset) => image.read(into, at + offset))
      if (restored.equals(live)) continue
      for (let start = 0; start < sizeBytes; start += pageSize) {
        const page = (at + start) / pageSize + 1
        const isSame = restored.subarray(start, start + pageSize).equals(live.subarray(start, start + pageSize))
        if (isSame || changed.has(page)) continue
        free ??= await freeLeaves(pages, pageSize, (number, size) => readPage(file, (number - 1) * pageSize, size))
        if (!free.has(page)) return page
      }
    }
    return undefined
  } finally {
    await file.close()
  }
}

/** Reads until `into` is full; what is beyond the end of a file counts as zeros. */
async function fill(into: Buffer, read: (into: Buffer, offset: number) => Promise<number>): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const bytes = await read(into.subarray(done), done)
    if (bytes === 0) {
      into.fill(0, done)
      return
    }
    done += bytes
  }
}

async function readFrom(file: FileHandle, into: Buffer, position: number): Promise<number> {
  return (await file.read(into, 0, into.length, position)).bytesRead
}

async function readPage(file: FileHandle, position: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  await fill(bytes, (into, offset) => readFrom(file, into, position + offset))
  return bytes
}

import { WherryError } from '../errors.ts'
import { release } from '../format/lz4.ts'
import { keys } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { SnapshotInfo } from '../storage/client.ts'
import type { Downloads } from './downloads.ts'
import { MarkedObject } from './marked-object.ts'
import type { PageFile } from './page-file.ts'

/** First bytes of every SQLite database: https://www.sqlite.org/fileformat2.html#the_database_header */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1')
const HEADER_SIZE = 100

/** What a snapshot turned out to be. */
export interface AppliedSnapshot {
  readonly pageSize: number
  readonly sizeBytes: number
  readonly mark: WalMark | undefined
}

/** Where a snapshot's content goes. */
export type SnapshotSink = Pick<PageFile, 'addImage' | 'settled'>

/**
 * Writes the snapshot's pages that no WAL index has written, and reads it to its end, since only there its checksum is.
 * @throws WherryError ERR_REPLICA_DAMAGED, naming the object; ERR_OUTPUT_ACCESS; the storage's errors
 */
export async function applySnapshot(
  info: SnapshotInfo,
  downloads: Downloads,
  pageFile: SnapshotSink,
): Promise<AppliedSnapshot> {
  const key = keys.snapshot(info.generation, info.index)
  const object = new MarkedObject(key)
  const header = Buffer.alloc(HEADER_SIZE)
  let sizeBytes = 0
  await downloads.snapshot(info, async (bytes) => {
    sizeBytes = 0
    let before: Buffer | undefined
    for await (const piece of object.decode(bytes)) {
      // The piece before was written while this one was decoded.
      await pageFile.settled()
      if (before !== undefined) release(before)
      before = piece
      if (sizeBytes < HEADER_SIZE) piece.copy(header, sizeBytes)
      pageFile.addImage(piece, sizeBytes)
      sizeBytes += piece.length
    }
    await pageFile.settled()
  })
  const pageSize = pageSizeIn(header)
  if (pageSize === undefined || sizeBytes < HEADER_SIZE) {
    throw new WherryError('ERR_REPLICA_DAMAGED', `${key} is not an SQLite database`)
  }
  if (sizeBytes % pageSize !== 0) {
    throw new WherryError(
      'ERR_REPLICA_DAMAGED',
      `${key} has ${sizeBytes} bytes, not a multiple of its pages of ${pageSize}`,
    )
  }
  return { pageSize, sizeBytes, mark: object.mark }
}

/** @throws WherryError ERR_REPLICA_DAMAGED when a snapshot and its WAL are of different page sizes */
export function requirePageSize(info: SnapshotInfo, { pageSize }: AppliedSnapshot, walPageSize: number): void {
  if (pageSize === walPageSize) return
  const why = `has page size ${pageSize}, and its WAL ${walPageSize}`
  throw new WherryError('ERR_REPLICA_DAMAGED', `${keys.snapshot(info.generation, info.index)} ${why}`)
}

function pageSizeIn(header: Buffer): number | undefined {
  const word = header.readUInt16BE(16)
  const pageSize = word === 1 ? 65536 : word
  const isValid = pageSize >= 512 && (pageSize & (pageSize - 1)) === 0
  return isValid && header.subarray(0, MAGIC.length).equals(MAGIC) ? pageSize : undefined
}

import type { SnapshotImage } from '../database/replica-feed.ts'
import { BLOCK_SIZE, encodeFrameStream, encodeSkippable } from '../format/lz4.ts'
import { encodeWalMark } from '../format/wal-mark.ts'
import type { OnProgress } from '../progress.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'

/**
 * Stores a snapshot, one block in memory at a time.
 *
 * @param shipped resolves when the replica has the WAL that the image needs. The object ends only after that: a snapshot
 *   that can be seen can be restored to a committed state.
 * @param onProgress is told how much of the database has been taken
 */
export async function storeSnapshot(
  client: StorageClient,
  image: SnapshotImage,
  shipped: () => Promise<void>,
  signal: AbortSignal,
  onProgress: OnProgress = () => {},
): Promise<SnapshotInfo> {
  const head = encodeSkippable(encodeWalMark(image.needs))
  const body = encodeFrameStream(blocksOf(image, shipped, onProgress), head)
  return await client.writeSnapshot(image.generation, image.needs.index, body, {
    sizeHintBytes: image.sizeBytes,
    signal,
  })
}

async function* blocksOf(
  image: SnapshotImage,
  shipped: () => Promise<void>,
  onProgress: OnProgress,
): AsyncGenerator<Uint8Array> {
  const block = Buffer.allocUnsafeSlow(BLOCK_SIZE)
  let position = 0
  while (position < image.sizeBytes) {
    const wanted = block.subarray(0, Math.min(block.length, image.sizeBytes - position))
    const read = await image.read(wanted, position)
    if (read === 0) break
    position += read
    yield wanted.subarray(0, read)
    // The storage asks for the next block once it has taken this one.
    onProgress({ activity: 'writing snapshot', doneBytes: position, totalBytes: image.sizeBytes })
  }
  await shipped()
}

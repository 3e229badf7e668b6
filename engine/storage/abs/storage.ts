import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../client.ts'
import type { AbsStorageOptions } from '../options.ts'
import { inOrder } from '../order.ts'
import { blockSizeFor } from './blocks.ts'
import { deleteBlobs } from './delete.ts'
import { listBlobs, listFolders } from './list.ts'
import { openBlob } from './read.ts'
import { AbsSender } from './sender.ts'
import { putWhole, upload } from './upload.ts'

/** A blob below a listed prefix. */
interface Listed {
  readonly name: string
  readonly sizeBytes: number
  readonly createdAt: Date
}

/**
 * A replica in a container of Azure Blob Storage. The time of an object is the blob's creation time, in whole seconds, as
 * Litestream has it. A stream that is opened and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class AbsStorage implements StorageClient {
  readonly #sender: AbsSender
  readonly #root: string

  /** @throws WherryError ERR_CONFIG when the options do not say where the container is, or how to get in */
  constructor(options: AbsStorageOptions) {
    this.#sender = new AbsSender(options)
    this.#root = options.path
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    const prefix = `${this.#key(keys.generations)}/`
    const names = await listFolders(this.#sender, prefix, signal)
    return names.filter(isGeneration).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const snapshots: SnapshotInfo[] = []
    for await (const { name, ...stored } of this.#blobs(keys.snapshots(generation), signal)) {
      const index = parseSnapshotName(name)
      if (index !== undefined) snapshots.push({ generation, index, ...stored })
    }
    return inOrder(snapshots)
  }

  async segments(
    generation: string,
    options: { fromIndex?: number; signal?: AbortSignal } = {},
  ): Promise<SegmentInfo[]> {
    const { fromIndex = 0, signal } = options
    const segments: SegmentInfo[] = []
    for await (const { name, ...stored } of this.#blobs(keys.segments(generation), signal)) {
      const place = parseSegmentName(name)
      if (place !== undefined && place.index >= fromIndex) segments.push({ generation, ...place, ...stored })
    }
    return inOrder(segments)
  }

  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return openBlob(this.#sender, this.#key(keys.snapshot(generation, index)), signal)
  }

  openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return openBlob(this.#sender, this.#key(keys.segment(position)), signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    { sizeHintBytes, signal }: { sizeHintBytes?: number; signal?: AbortSignal } = {},
  ): Promise<SnapshotInfo> {
    const key = this.#key(keys.snapshot(generation, index))
    return { generation, index, ...(await upload(this.#sender, key, body, blockSizeFor(sizeHintBytes), signal)) }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const { generation, index, offset } = position
    const stored = await putWhole(this.#sender, this.#key(keys.segment(position)), body, signal)
    return { generation, index, offset, ...stored }
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    const doomed = indexes.map((index) => this.#key(keys.snapshot(generation, index)))
    await deleteBlobs(this.#sender, doomed, signal)
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    const doomed = positions.map((position) => this.#key(keys.segment(position)))
    await deleteBlobs(this.#sender, doomed, signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    // Snapshots go first: what was removed only in part does not look restorable.
    const folders = [keys.snapshots(generation), keys.generation(generation)]
    for (const folder of folders) {
      for await (const page of listBlobs(this.#sender, `${this.#key(folder)}/`, signal)) {
        const doomed = page.map(({ key }) => key)
        await deleteBlobs(this.#sender, doomed, signal)
      }
    }
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  /** Joined as Litestream does it: cleaned, `.` and empty give no prefix, a leading slash stays. */
  #key(key: string): string {
    return posix.join(this.#root, key)
  }

  /** The blobs below a folder; `name` is what follows it. */
  async *#blobs(folder: string, signal: AbortSignal | undefined): AsyncGenerator<Listed, void> {
    const prefix = `${this.#key(folder)}/`
    for await (const page of listBlobs(this.#sender, prefix, signal)) {
      for (const { key, sizeBytes, createdAt } of page) yield { name: key.slice(prefix.length), sizeBytes, createdAt }
    }
  }
}

import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { hex8, isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from './client.ts'

/** What storage says of an object that it has. */
export interface Stored {
  readonly sizeBytes: number
  readonly createdAt: Date
}

export interface Listed extends Stored {
  /** What follows the listed folder and a slash. */
  readonly name: string
}

/** Of a body whose length is not known. */
export interface UploadOptions {
  /** See StorageClient.writeSnapshot. */
  readonly sizeHintBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * What all clients have in common: the layout of a replica, its order, and what is left out. A type of storage knows keys
 * only, full ones: below its root, without a slash at their ends.
 */
export abstract class ObjectStorage implements StorageClient {
  readonly #root: string

  /** @param root before every key; joined as Litestream does it: `.` and empty give no prefix, a leading slash stays */
  protected constructor(root: string) {
    this.#root = root
  }

  /** Names of the folders directly below `folder`; other things may be among them. */
  protected abstract folders(folder: string, signal: AbortSignal | undefined): Promise<string[]>

  /** Objects directly below `folder`; those whose names are before `from` may be left out, and what is deeper may be among them. */
  protected abstract objects(
    folder: string,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Listed>

  protected abstract open(key: string, signal: AbortSignal | undefined): Promise<Readable>
  protected abstract upload(key: string, body: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<Stored>
  protected abstract put(key: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored>
  protected abstract remove(keys: readonly string[], signal: AbortSignal | undefined): Promise<void>

  /** Removes all that is below `folder`, at any depth. */
  protected abstract removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void>
  abstract close(): Promise<void>

  async generations(signal?: AbortSignal): Promise<string[]> {
    const names = await this.folders(this.#key(keys.generations), signal)
    return names.filter(isGeneration).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const snapshots: SnapshotInfo[] = []
    for await (const { name, sizeBytes, createdAt } of this.#objects(keys.snapshots(generation), undefined, signal)) {
      const index = parseSnapshotName(name)
      if (index !== undefined) snapshots.push({ generation, index, sizeBytes, createdAt })
    }
    return snapshots.sort((a, b) => a.index - b.index)
  }

  async segments(
    generation: string,
    { fromIndex = 0, signal }: { fromIndex?: number; signal?: AbortSignal } = {},
  ): Promise<SegmentInfo[]> {
    const segments: SegmentInfo[] = []
    const listed = this.#objects(keys.segments(generation), hex8(fromIndex), signal)
    for await (const { name, sizeBytes, createdAt } of listed) {
      const place = parseSegmentName(name)
      if (place !== undefined && place.index >= fromIndex) segments.push({ generation, ...place, sizeBytes, createdAt })
    }
    return segments.sort((a, b) => a.index - b.index || a.offset - b.offset)
  }

  async openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return await this.open(this.#key(keys.snapshot(generation, index)), signal)
  }

  async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return await this.open(this.#key(keys.segment(position)), signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    options: UploadOptions = {},
  ): Promise<SnapshotInfo> {
    const { sizeBytes, createdAt } = await this.upload(this.#key(keys.snapshot(generation, index)), body, options)
    return { generation, index, sizeBytes, createdAt }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const { generation, index, offset } = position
    const { sizeBytes, createdAt } = await this.put(this.#key(keys.segment(position)), body, signal)
    return { generation, index, offset, sizeBytes, createdAt }
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    const doomed = indexes.map((index) => this.#key(keys.snapshot(generation, index)))
    if (doomed.length > 0) await this.remove(doomed, signal)
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    const doomed = positions.map((position) => this.#key(keys.segment(position)))
    if (doomed.length > 0) await this.remove(doomed, signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    // Snapshots first: a generation that was removed only in part must not look like one that can be restored.
    await this.removeFolder(this.#key(keys.snapshots(generation)), signal)
    await this.removeFolder(this.#key(keys.generation(generation)), signal)
  }

  #key(key: string): string {
    return posix.join(this.#root, key)
  }

  #objects(folder: string, from: string | undefined, signal: AbortSignal | undefined): AsyncIterable<Listed> {
    return this.objects(this.#key(folder), from, signal)
  }
}

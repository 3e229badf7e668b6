import { PassThrough, pipeline, type Readable } from 'node:stream'
import type { Position } from '../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from './client.ts'
import type { Meter, Operation } from './meter.ts'

/**
 * A storage client that counts what goes through it, for every type alike. It stands next to the storage, below encryption:
 * bytes are what is stored and paid for.
 *
 * A call is one operation, however many requests a client makes of it: a list with many pages is one LIST, an upload in
 * parts one PUT, the deletion of many objects one DELETE, and of none no operation. It counts when it has succeeded; a GET
 * when the object is opened, its bytes as they are read. What failed is counted apart, by error code: a GET that breaks
 * off counts there too. What was cancelled counts nowhere.
 */
export class MeteredStorage implements StorageClient {
  readonly #inner: StorageClient
  readonly #meter: Meter

  constructor(inner: StorageClient, meter: Meter) {
    this.#inner = inner
    this.#meter = meter
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    return await this.#counted('LIST', this.#inner.generations(signal))
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    return await this.#counted('LIST', this.#inner.snapshots(generation, signal))
  }

  async segments(generation: string, options?: { fromIndex?: number; signal?: AbortSignal }): Promise<SegmentInfo[]> {
    return await this.#counted('LIST', this.#inner.segments(generation, options))
  }

  async openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return this.#countedBody(await this.#counted('GET', this.#inner.openSnapshot(generation, index, signal)))
  }

  async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return this.#countedBody(await this.#counted('GET', this.#inner.openSegment(position, signal)))
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    options?: { sizeHintBytes?: number; signal?: AbortSignal },
  ): Promise<SnapshotInfo> {
    return await this.#counted('PUT', this.#inner.writeSnapshot(generation, index, body, options), sizeOf)
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    return await this.#counted('PUT', this.#inner.writeSegment(position, body, signal), sizeOf)
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    if (indexes.length === 0) return
    await this.#counted('DELETE', this.#inner.deleteSnapshots(generation, indexes, signal))
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    if (positions.length === 0) return
    await this.#counted('DELETE', this.#inner.deleteSegments(positions, signal))
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    await this.#counted('DELETE', this.#inner.deleteGeneration(generation, signal))
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  async #counted<T>(operation: Operation, call: Promise<T>, bytesOf: (result: T) => number = () => 0): Promise<T> {
    try {
      const result = await call
      this.#meter.succeeded(operation, bytesOf(result))
      return result
    } catch (error) {
      this.#meter.failed(operation, error)
      throw error
    }
  }

  /** The same bytes. An error comes through, and so does the end of a reader that has enough. */
  #countedBody(body: Readable): Readable {
    const counted = new PassThrough()
    body.on('data', (chunk: Buffer) => this.#meter.moved('GET', chunk.length))
    body.once('error', (error) => {
      // A reader that has enough ends both streams, which the first one calls an error.
      if (!counted.destroyed) this.#meter.failed('GET', error)
    })
    pipeline(body, counted, () => {}) // the reader learns of an error by its own stream
    return counted
  }
}

function sizeOf({ sizeBytes }: SnapshotInfo): number {
  return sizeBytes
}

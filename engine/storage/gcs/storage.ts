import type { IncomingHttpHeaders } from 'node:http'
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { hex8, isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../client.ts'
import type { GcsStorageOptions } from '../options.ts'
import { inOrder } from '../order.ts'
import { deleteObjects } from './delete.ts'
import { answerError, NOT_GCS } from './errors.ts'
import { listPages, objectPath, type StoredObject } from './objects.ts'
import { putWhole } from './put-whole.ts'
import { checkedBody } from './read.ts'
import { GcsSender } from './sender.ts'
import { upload } from './upload.ts'
import { LIMITS, type WireLimits } from './wire.ts'

/**
 * A replica in a bucket of Google Cloud Storage, by its JSON API. The time of an object is when the service created it, also
 * when it was just written. A stream that is opened and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class GcsStorage implements StorageClient {
  readonly #sender: GcsSender
  readonly #root: string

  /** @throws WherryError ERR_CONFIG when the configured credentials cannot be right */
  constructor(options: GcsStorageOptions, limits: WireLimits = LIMITS) {
    this.#sender = new GcsSender(options, limits)
    this.#root = options.path
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    const prefix = `${this.#key(keys.generations)}/`
    const names: string[] = []
    for await (const { prefixes } of listPages(this.#sender, { prefix, delimiter: '/' }, signal)) {
      for (const name of prefixes) names.push(name.slice(prefix.length, -1))
    }
    return names.filter(isGeneration).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const snapshots: SnapshotInfo[] = []
    for await (const { name, sizeBytes, createdAt } of this.#objects(keys.snapshots(generation), undefined, signal)) {
      const index = parseSnapshotName(name)
      if (index !== undefined) snapshots.push({ generation, index, sizeBytes, createdAt })
    }
    return inOrder(snapshots)
  }

  async segments(
    generation: string,
    options: { fromIndex?: number; signal?: AbortSignal } = {},
  ): Promise<SegmentInfo[]> {
    const { fromIndex = 0, signal } = options
    const segments: SegmentInfo[] = []
    const objects = this.#objects(keys.segments(generation), hex8(fromIndex), signal)
    for await (const { name, sizeBytes, createdAt } of objects) {
      const place = parseSegmentName(name)
      if (place !== undefined && place.index >= fromIndex) segments.push({ generation, ...place, sizeBytes, createdAt })
    }
    return inOrder(segments)
  }

  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return this.#open(keys.snapshot(generation, index), signal)
  }

  openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return this.#open(keys.segment(position), signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    { signal }: { sizeHintBytes?: number; signal?: AbortSignal } = {},
  ): Promise<SnapshotInfo> {
    const name = this.#key(keys.snapshot(generation, index))
    const { sizeBytes, createdAt } = await upload(this.#sender, name, body, signal)
    return { generation, index, sizeBytes, createdAt }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const name = this.#key(keys.segment(position))
    const { sizeBytes, createdAt } = await putWhole(this.#sender, name, body, signal)
    const { generation, index, offset } = position
    return { generation, index, offset, sizeBytes, createdAt }
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    const doomed = indexes.map((index) => this.#key(keys.snapshot(generation, index)))
    await deleteObjects(this.#sender, doomed, signal)
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    const doomed = positions.map((position) => this.#key(keys.segment(position)))
    await deleteObjects(this.#sender, doomed, signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    // Snapshots go first: what was removed only in part does not look restorable.
    for (const folder of [keys.snapshots(generation), keys.generation(generation)]) {
      for await (const { objects } of listPages(this.#sender, { prefix: `${this.#key(folder)}/` }, signal)) {
        const doomed = objects.map(({ name }) => name)
        await deleteObjects(this.#sender, doomed, signal)
      }
    }
  }

  async close(): Promise<void> {
    this.#sender.close()
  }

  /** Joined as Litestream does it: cleaned, `.` and empty give no prefix, a leading slash stays. */
  #key(key: string): string {
    return posix.join(this.#root, key)
  }

  async #open(below: string, signal: AbortSignal | undefined): Promise<Readable> {
    const name = this.#key(below)
    const request = this.#sender.request('GET', name)
    const call = { method: 'GET', to: objectPath(this.#sender.bucket, name), query: { alt: 'media' } } as const
    const body = await this.#sender.open(request, call, signal)
    if (isWebPage(body.headers)) {
      body.destroy()
      throw answerError({ status: undefined, name: NOT_GCS }, request)
    }
    return checkedBody(body, request, signal)
  }

  /** The objects directly below a folder whose names are not before `from`; their names without the folder. */
  async *#objects(
    folder: string,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StoredObject, void> {
    const prefix = `${this.#key(folder)}/`
    const query = { prefix, delimiter: '/', ...(from === undefined ? {} : { startOffset: prefix + from }) } as const
    for await (const { objects } of listPages(this.#sender, query, signal)) {
      for (const object of objects) yield { ...object, name: object.name.slice(prefix.length) }
    }
  }
}

/** Something between here and the service answers in its place. Of an object the service tells the generation. */
function isWebPage(headers: IncomingHttpHeaders): boolean {
  return headers['x-goog-generation'] === undefined && headers['content-type']?.startsWith('text/html') === true
}

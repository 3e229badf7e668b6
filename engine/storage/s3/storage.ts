import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { hex8, isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../client.ts'
import type { S3StorageOptions } from '../options.ts'
import { inOrder } from '../order.ts'
import { deleteObjects } from './delete.ts'
import { answerError, NOT_S3 } from './errors.ts'
import { partSizeFor } from './parts.ts'
import { checkedBody } from './read.ts'
import { S3Sender } from './sender.ts'
import { putWhole, upload } from './upload.ts'

/** An object below a listed prefix. */
interface Listed {
  readonly name: string
  readonly sizeBytes: number
  readonly createdAt: Date
}

/**
 * A replica in a bucket of S3 or a compatible service. The time of an object is the service's, in whole seconds, when
 * it is listed, and this machine's when it was just written: no extra request is made for it. A stream that is opened
 * and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class S3Storage implements StorageClient {
  readonly #sender: S3Sender
  readonly #root: string

  /** @throws WherryError ERR_CONFIG for options that cannot be right; see {@link S3Sender} */
  constructor(options: S3StorageOptions) {
    this.#sender = new S3Sender(options)
    this.#root = options.path
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    const prefix = `${this.#key(keys.generations)}/`
    const names: string[] = []
    for await (const page of this.#pages({ Prefix: prefix, Delimiter: '/' }, signal)) {
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1))
    }
    return names.filter(isGeneration).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const snapshots: SnapshotInfo[] = []
    for await (const { name, ...stored } of this.#objects(keys.snapshots(generation), undefined, signal)) {
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
    for await (const { name, ...stored } of this.#objects(keys.segments(generation), hex8(fromIndex), signal)) {
      const place = parseSegmentName(name)
      if (place !== undefined && place.index >= fromIndex) segments.push({ generation, ...place, ...stored })
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
    { sizeHintBytes, signal }: { sizeHintBytes?: number; signal?: AbortSignal } = {},
  ): Promise<SnapshotInfo> {
    const key = this.#key(keys.snapshot(generation, index))
    const sizeBytes = await upload(this.#sender, key, body, partSizeFor(sizeHintBytes), signal)
    return { generation, index, sizeBytes, createdAt: new Date() }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    await putWhole(this.#sender, this.#key(keys.segment(position)), body, signal)
    const { generation, index, offset } = position
    return { generation, index, offset, sizeBytes: body.length, createdAt: new Date() }
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
    // In the order of the keys snapshots go first: what was removed only in part does not look restorable.
    for await (const page of this.#pages({ Prefix: `${this.#key(keys.generation(generation))}/` }, signal)) {
      const doomed = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]))
      await deleteObjects(this.#sender, doomed, signal)
    }
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  /** Joined as Litestream does it: cleaned, `.` and empty give no prefix, a leading slash stays. */
  #key(key: string): string {
    return posix.join(this.#root, key)
  }

  async #open(below: string, signal: AbortSignal | undefined): Promise<Readable> {
    const key = this.#key(below)
    const command = new GetObjectCommand({ Bucket: this.#sender.bucket, Key: key, ...this.#sender.settings.touch })
    const { Body, ContentLength } = await this.#sender.send('GET', key, signal, (client, http) =>
      client.send(command, http),
    )
    // In Node the SDK's body is the HTTP answer itself.
    return checkedBody(Body as Readable, ContentLength, this.#sender.request('GET', key), signal)
  }

  /** The objects directly below a folder whose names come after `after`. */
  async *#objects(
    folder: string,
    after: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Listed, void> {
    const prefix = `${this.#key(folder)}/`
    const from = after === undefined ? {} : { StartAfter: prefix + after }
    for await (const page of this.#pages({ Prefix: prefix, Delimiter: '/', ...from }, signal)) {
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined || Size === undefined || LastModified === undefined) continue
        yield { name: Key.slice(prefix.length), sizeBytes: Size, createdAt: LastModified }
      }
    }
  }

  async *#pages(
    query: { Prefix: string; Delimiter?: string; StartAfter?: string },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListObjectsV2CommandOutput, void> {
    let token: string | undefined
    do {
      const next = token === undefined ? {} : { ContinuationToken: token }
      const command = new ListObjectsV2Command({ Bucket: this.#sender.bucket, ...query, ...next })
      const page = await this.#sender.send('LIST', query.Prefix, signal, (client, http) => client.send(command, http))
      // Without this a web page that parses would pass for an empty replica. Every S3 service tells the two.
      if (page.Name === undefined && page.IsTruncated === undefined) {
        throw answerError({ status: undefined, name: NOT_S3 }, this.#sender.request('LIST', query.Prefix))
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
      // A service that knows only the first version of listing would otherwise hide all but the first page.
      if (page.IsTruncated && !token) {
        throw answerError({ status: undefined, name: 'a list cut short' }, this.#sender.request('LIST', query.Prefix))
      }
      yield page
    } while (token)
  }
}

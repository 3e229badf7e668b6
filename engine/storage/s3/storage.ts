import type { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { type Listed, ObjectStorage, type Stored, type UploadOptions } from '../object-storage.ts'
import type { S3StorageOptions } from '../options.ts'
import { partSizeFor } from '../parts.ts'
import { deleteObjects } from './delete.ts'
import { answerError, NOT_S3 } from './errors.ts'
import { checkedBody } from './read.ts'
import { S3Sender } from './sender.ts'
import { putWhole, upload } from './upload.ts'

/** S3's limit of parts an upload. */
const MAX_PARTS = 10_000

/**
 * A replica in a bucket of S3 or a compatible service. The time of an object is the service's, in whole seconds, when
 * it is listed, and this machine's when it was just written: no extra request is made for it. A stream that is opened
 * and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class S3Storage extends ObjectStorage {
  readonly #sender: S3Sender

  /** @throws WherryError ERR_CONFIG for options that cannot be right; see {@link S3Sender} */
  constructor(options: S3StorageOptions) {
    super(options.path)
    this.#sender = new S3Sender(options)
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  protected async folders(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
    const prefix = `${folder}/`
    const names: string[] = []
    for await (const page of this.#pages({ Prefix: prefix, Delimiter: '/' }, signal)) {
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1))
    }
    return names
  }

  protected async *objects(
    folder: string,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Listed, void> {
    const prefix = `${folder}/`
    // No object has the name `from` alone: what begins with it comes after it.
    const after = from === undefined ? {} : { StartAfter: prefix + from }
    for await (const page of this.#pages({ Prefix: prefix, Delimiter: '/', ...after }, signal)) {
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined || Size === undefined || LastModified === undefined) continue
        yield { name: Key.slice(prefix.length), sizeBytes: Size, createdAt: LastModified }
      }
    }
  }

  protected async open(key: string, signal: AbortSignal | undefined): Promise<Readable> {
    const command = new GetObjectCommand({ Bucket: this.#sender.bucket, Key: key, ...this.#sender.settings.touch })
    const { Body, ContentLength } = await this.#sender.send('GET', key, signal, (client, http) =>
      client.send(command, http),
    )
    // In Node the SDK's body is the HTTP answer itself.
    return checkedBody(Body as Readable, ContentLength, this.#sender.request('GET', key), signal)
  }

  protected async upload(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { sizeHintBytes, signal }: UploadOptions,
  ): Promise<Stored> {
    const sizeBytes = await upload(this.#sender, key, body, partSizeFor(MAX_PARTS, sizeHintBytes), signal)
    return { sizeBytes, createdAt: new Date() }
  }

  protected async put(key: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored> {
    await putWhole(this.#sender, key, body, signal)
    return { sizeBytes: body.length, createdAt: new Date() }
  }

  protected remove(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    return deleteObjects(this.#sender, keys, signal)
  }

  protected async removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void> {
    for await (const page of this.#pages({ Prefix: `${folder}/` }, signal)) {
      const doomed = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]))
      if (doomed.length > 0) await deleteObjects(this.#sender, doomed, signal)
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

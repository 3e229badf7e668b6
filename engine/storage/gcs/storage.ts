import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { type Listed, ObjectStorage, type Stored, type UploadOptions } from '../object-storage.ts'
import type { GcsStorageOptions } from '../options.ts'
import { deleteObjects } from './delete.ts'
import { answerError, NOT_GCS } from './errors.ts'
import { listPages, objectPath } from './objects.ts'
import { putWhole } from './put-whole.ts'
import { checkedBody } from './read.ts'
import { GcsSender } from './sender.ts'
import { upload } from './upload.ts'
import { LIMITS, type WireLimits } from './wire.ts'

/**
 * A replica in a bucket of Google Cloud Storage, by its JSON API. The time of an object is when the service created it, also
 * when it was just written. A stream that is opened and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class GcsStorage extends ObjectStorage {
  readonly #sender: GcsSender

  /** @throws WherryError ERR_CONFIG when the configured credentials cannot be right */
  constructor(options: GcsStorageOptions, limits: WireLimits = LIMITS) {
    super(options.path)
    this.#sender = new GcsSender(options, limits)
  }

  async close(): Promise<void> {
    this.#sender.close()
  }

  protected async folders(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
    const prefix = `${folder}/`
    const names: string[] = []
    for await (const { prefixes } of listPages(this.#sender, { prefix, delimiter: '/' }, signal)) {
      for (const name of prefixes) names.push(name.slice(prefix.length, -1))
    }
    return names
  }

  protected async *objects(
    folder: string,
    from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Listed, void> {
    const prefix = `${folder}/`
    const query = { prefix, delimiter: '/', ...(from === undefined ? {} : { startOffset: prefix + from }) } as const
    for await (const { objects } of listPages(this.#sender, query, signal)) {
      for (const object of objects) yield { ...object, name: object.name.slice(prefix.length) }
    }
  }

  protected async open(key: string, signal: AbortSignal | undefined): Promise<Readable> {
    const request = this.#sender.request('GET', key)
    const call = { method: 'GET', to: objectPath(this.#sender.bucket, key), query: { alt: 'media' } } as const
    const body = await this.#sender.open(request, call, signal)
    if (isWebPage(body.headers)) {
      body.destroy()
      throw answerError({ status: undefined, name: NOT_GCS }, request)
    }
    return checkedBody(body, request, signal)
  }

  protected upload(key: string, body: AsyncIterable<Uint8Array>, { signal }: UploadOptions): Promise<Stored> {
    return upload(this.#sender, key, body, signal)
  }

  protected put(key: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored> {
    return putWhole(this.#sender, key, body, signal)
  }

  protected remove(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    return deleteObjects(this.#sender, keys, signal)
  }

  protected async removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void> {
    for await (const { objects } of listPages(this.#sender, { prefix: `${folder}/` }, signal)) {
      const doomed = objects.map(({ name }) => name)
      await deleteObjects(this.#sender, doomed, signal)
    }
  }
}

/** Something between here and the service answers in its place. Of an object the service tells the generation. */
function isWebPage(headers: IncomingHttpHeaders): boolean {
  return headers['x-goog-generation'] === undefined && headers['content-type']?.startsWith('text/html') === true
}

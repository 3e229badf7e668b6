import type { Readable } from 'node:stream'
import { type Listed, ObjectStorage, type Stored, type UploadOptions } from '../object-storage.ts'
import type { AbsStorageOptions } from '../options.ts'
import { partSizeFor } from '../parts.ts'
import { deleteBlobs } from './delete.ts'
import { listBlobs, listFolders } from './list.ts'
import { openBlob } from './read.ts'
import { AbsSender } from './sender.ts'
import { putWhole, upload } from './upload.ts'

/** Azure's limit of blocks in a blob. */
const MAX_BLOCKS = 50_000

/**
 * A replica in a container of Azure Blob Storage. The time of an object is the blob's creation time, in whole seconds, as
 * Litestream has it. A stream that is opened and then not read for 30 s breaks, since nothing moves on its connection.
 */
export class AbsStorage extends ObjectStorage {
  readonly #sender: AbsSender

  /** @throws WherryError ERR_CONFIG when the options do not say where the container is, or how to get in */
  constructor(options: AbsStorageOptions) {
    super(options.path)
    this.#sender = new AbsSender(options)
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  protected folders(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
    return listFolders(this.#sender, `${folder}/`, signal)
  }

  protected async *objects(
    folder: string,
    _from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Listed, void> {
    const prefix = `${folder}/`
    for await (const page of listBlobs(this.#sender, prefix, signal)) {
      for (const { key, ...stored } of page) yield { name: key.slice(prefix.length), ...stored }
    }
  }

  protected open(key: string, signal: AbortSignal | undefined): Promise<Readable> {
    return openBlob(this.#sender, key, signal)
  }

  protected upload(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { sizeHintBytes, signal }: UploadOptions,
  ): Promise<Stored> {
    return upload(this.#sender, key, body, partSizeFor(MAX_BLOCKS, sizeHintBytes), signal)
  }

  protected put(key: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored> {
    return putWhole(this.#sender, key, body, signal)
  }

  protected remove(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    return deleteBlobs(this.#sender, keys, signal)
  }

  protected async removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void> {
    for await (const page of listBlobs(this.#sender, `${folder}/`, signal)) {
      const doomed = page.map(({ key }) => key)
      await deleteBlobs(this.#sender, doomed, signal)
    }
  }
}

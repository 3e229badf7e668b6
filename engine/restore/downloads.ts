import type { Readable } from 'node:stream'
import { WherryError } from '../errors.ts'
import { keys } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../storage/client.ts'
import { whileUnreachable } from './retry.ts'
import type { RestoreTuning } from './tuning.ts'

/** What is done with the stored bytes of an object; called again, from the beginning, when a download breaks. */
export type Use = (bytes: AsyncIterable<Uint8Array>) => Promise<void>

/** Reads the objects of a replica, and tries again when it cannot be reached. */
export class Downloads {
  readonly #client: StorageClient
  readonly #logger: Logger
  readonly #signal: AbortSignal
  readonly #tuning: RestoreTuning
  readonly #onBytes: (bytes: number) => void
  #bytes = 0

  /** @param onBytes is told of {@link bytes} whenever there are more */
  constructor(
    client: StorageClient,
    logger: Logger,
    signal: AbortSignal,
    tuning: RestoreTuning,
    onBytes: (bytes: number) => void = () => {},
  ) {
    this.#client = client
    this.#logger = logger
    this.#signal = signal
    this.#tuning = tuning
    this.#onBytes = onBytes
  }

  /** Stored bytes received so far, those of broken downloads included. */
  get bytes(): number {
    return this.#bytes
  }

  /** @throws the storage's errors and those of `use`; WherryError ERR_CANCELLED */
  async snapshot({ generation, index }: SnapshotInfo, use: Use): Promise<void> {
    const key = keys.snapshot(generation, index)
    await this.#read(key, () => this.#client.openSnapshot(generation, index, this.#signal), use)
  }

  /** @throws as {@link snapshot} */
  async segment(segment: SegmentInfo, use: Use): Promise<void> {
    await this.#read(keys.segment(segment), () => this.#client.openSegment(segment, this.#signal), use)
  }

  /** A segment's stored bytes, of which there may be `fetchLimitBytes`. @throws as {@link snapshot} */
  async wholeSegment(segment: SegmentInfo): Promise<Buffer> {
    let chunks: Uint8Array[] = []
    await this.segment(segment, async (bytes) => {
      chunks = []
      let size = 0
      for await (const chunk of bytes) {
        chunks.push(chunk)
        size += chunk.length
        if (size <= this.#tuning.fetchLimitBytes) continue
        const why = `is longer than the ${segment.sizeBytes} bytes that were listed`
        throw new WherryError('ERR_REPLICA_DAMAGED', `${keys.segment(segment)} ${why}`)
      }
    })
    const [only] = chunks
    if (chunks.length !== 1 || only === undefined) return Buffer.concat(chunks)
    return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  }

  async #read(key: string, open: () => Promise<Readable>, use: Use): Promise<void> {
    const download = async () => use(this.#counted(await open()))
    await whileUnreachable(`The download of ${key}`, download, this.#tuning.retryDelaysMs, this.#logger, this.#signal)
  }

  async *#counted(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      this.#bytes += chunk.length
      this.#onBytes(this.#bytes)
      yield chunk
    }
  }
}

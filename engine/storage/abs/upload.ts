import { abortable } from '../abort.ts'
import type { Stored } from '../object-storage.ts'
import { type Part, PartSource } from '../parts.ts'
import { newBlockIds } from './blocks.ts'
import { type AbsRequest, answerError, describeRequest, NOT_AZURE } from './errors.ts'
import type { AbsSender } from './sender.ts'

/** Buffers of one block each: one is filled while the other is sent. */
const BLOCK_BUFFERS = 2

/** What Litestream's blobs have. */
const HEADERS = { blobHTTPHeaders: { blobContentType: 'application/octet-stream' } }

/** Stores a blob that is in memory, in one request. */
export async function putWhole(
  sender: AbsSender,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Stored> {
  const { lastModified } = await sender.send(
    'PUT',
    key,
    signal,
    (container, http) =>
      container.getBlockBlobClient(key).upload(asBuffer(bytes), bytes.length, { ...HEADERS, ...http }),
    bytes.length,
  )
  return { sizeBytes: bytes.length, createdAt: confirmed(lastModified, sender.request('PUT', key)) }
}

/** Azure answers with the blob's time; a success without it came from something else, which stored nothing. */
function confirmed(lastModified: Date | undefined, request: AbsRequest): Date {
  if (lastModified === undefined) throw answerError({ status: undefined, name: NOT_AZURE }, request)
  return lastModified
}

/** The same bytes as the class that the SDK sends as they are. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Stores a body of unknown length: in one request when it fits into one block, else block by block with
 * {@link BLOCK_BUFFERS} of them in memory. The blob is there when its list of blocks is committed.
 *
 * When anything fails or `signal` is aborted, blocks that were sent stay at Azure, in no list of blobs: it drops them with
 * the next upload of the same blob, or after a week. There is no request that removes only them: deleting could take a blob
 * that is there by the same name, and an empty list of blocks would make an empty one.
 *
 * @throws WherryError as every request does; what the body throws comes through unchanged
 */
export async function upload(
  sender: AbsSender,
  key: string,
  body: AsyncIterable<Uint8Array>,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Stored> {
  const stop = new AbortController()
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const source = new PartSource(abortable(body, either, describeRequest(sender.request('PUT', key))), blockSize)
  try {
    const buffer = source.newBuffer()
    const first = await source.next(buffer)
    if (first.last) return await putWhole(sender, key, first.bytes, signal)
    return await new BlockUpload(sender, key, source, stop, either).run({ part: first, buffer })
  } finally {
    await source.close()
  }
}

interface FilledBuffer {
  readonly part: Part
  readonly buffer: Buffer
}

class BlockUpload {
  readonly #sender: AbsSender
  readonly #key: string
  readonly #source: PartSource
  readonly #stop: AbortController
  /** Aborted by the caller's signal too. */
  readonly #signal: AbortSignal
  readonly #idOf = newBlockIds()
  #count = 0

  constructor(sender: AbsSender, key: string, source: PartSource, stop: AbortController, signal: AbortSignal) {
    this.#sender = sender
    this.#key = key
    this.#source = source
    this.#stop = stop
    this.#signal = signal
  }

  async run(first: FilledBuffer): Promise<Stored> {
    const lanes = Array.from({ length: BLOCK_BUFFERS }, (_, lane) => this.#sendLane(lane === 0 ? first : undefined))
    try {
      await Promise.all(lanes)
    } catch (error) {
      this.#stop.abort(error)
      await Promise.allSettled(lanes)
      throw error
    }
    return await this.#commit()
  }

  /** Sends `first`, then fills its buffer with the next block and sends that, until the body ends. */
  async #sendLane(first: FilledBuffer | undefined): Promise<void> {
    const buffer = first?.buffer ?? this.#source.newBuffer()
    let part = first?.part ?? (await this.#source.next(buffer))
    while (part.bytes.length > 0) {
      await this.#send(part)
      part = await this.#source.next(buffer)
    }
  }

  async #send({ number, bytes }: Part): Promise<void> {
    this.#count = Math.max(this.#count, number)
    await this.#sender.send(
      'PUT',
      this.#key,
      this.#signal,
      (container, http) =>
        container.getBlockBlobClient(this.#key).stageBlock(this.#idOf(number), bytes, bytes.length, http),
      bytes.length,
    )
  }

  async #commit(): Promise<Stored> {
    const ids = Array.from({ length: this.#count }, (_, n) => this.#idOf(n + 1))
    const { lastModified } = await this.#sender.send('PUT', this.#key, this.#signal, (container, http) =>
      container.getBlockBlobClient(this.#key).commitBlockList(ids, { ...HEADERS, ...http }),
    )
    const createdAt = confirmed(lastModified, this.#sender.request('PUT', this.#key))
    return { sizeBytes: this.#source.size, createdAt }
  }
}

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { abortable, untilAborted } from '../abort.ts'
import { type Part, PartSource } from '../parts.ts'
import { answerError, describeRequest, NOT_S3, type S3Request } from './errors.ts'
import type { HttpOptions, S3Sender } from './sender.ts'

/** Buffers of one part each: one is filled while the other is sent. A third costs 30 MB of peak memory. */
const PART_BUFFERS = 2

/** How long the removal of a failed upload's parts may hold up the error. */
const CLEANUP_TIMEOUT_MS = 5000

/**
 * Stores a body of unknown length: in one request when it fits into one part, else as a multipart upload, with
 * {@link PART_BUFFERS} parts in memory. When anything fails or `signal` is aborted the parts are removed before the
 * error comes. Not lib-storage's Upload: that one reports an abort before it has cleaned up, and cannot
 * interrupt the parts that are on their way.
 *
 * @returns the size in bytes
 * @throws WherryError as every request does; what the body throws comes through unchanged
 */
export async function upload(
  sender: S3Sender,
  key: string,
  body: AsyncIterable<Uint8Array>,
  partSize: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stop = new AbortController()
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const source = new PartSource(abortable(body, either, describeRequest(sender.request('PUT', key))), partSize)
  try {
    const buffer = source.newBuffer()
    const first = await source.next(buffer)
    if (first.last) await putWhole(sender, key, first.bytes, signal)
    else await putParts(sender, key, source, { part: first, buffer }, either, stop)
    return source.size
  } finally {
    await source.close()
  }
}

/**
 * Stores an object that is in memory. A service that refuses a large body may close the connection before it has read
 * it: then the answer can get lost, and the refusal looks like ERR_STORAGE_UNREACHABLE (ECONNRESET, EPIPE).
 */
export async function putWhole(
  sender: S3Sender,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new PutObjectCommand({ Bucket: sender.bucket, Key: key, Body: bytes, ...sender.settings.create })
  const put = (client: S3Client, http: HttpOptions) => client.send(command, http)
  const { ETag } = await sender.send('PUT', key, signal, put, bytes.length)
  confirmed(ETag, sender.request('PUT', key))
}

/**
 * What every S3 service answers with: an ETag, or an upload's id. A "200 OK" without it came from something else, which
 * stored nothing.
 */
function confirmed(fact: string | undefined, request: S3Request): string {
  if (fact === undefined || fact === '') throw answerError({ status: undefined, name: NOT_S3 }, request)
  return fact
}

interface FilledBuffer {
  readonly part: Part
  readonly buffer: Buffer
}

async function putParts(
  sender: S3Sender,
  key: string,
  source: PartSource,
  first: FilledBuffer,
  signal: AbortSignal,
  stop: AbortController,
): Promise<void> {
  const multipart = new MultipartUpload(sender, key, await begin(sender, key, signal))
  const lanes = Array.from({ length: PART_BUFFERS }, (_, lane) =>
    multipart.sendLane(source, lane === 0 ? first : undefined, signal),
  )
  try {
    await Promise.all(lanes)
    await multipart.complete(signal)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    await multipart.discard()
    throw error
  }
}

/** Starts a multipart upload. An abort does not interrupt the request: its upload must be known to be removed. */
async function begin(sender: S3Sender, key: string, signal: AbortSignal): Promise<string> {
  const request = sender.request('PUT', key)
  const create = new CreateMultipartUploadCommand({ Bucket: sender.bucket, Key: key, ...sender.settings.create })
  const started = sender
    .send('PUT', key, undefined, (client, http) => client.send(create, http))
    .then(({ UploadId }) => confirmed(UploadId, request))
  try {
    return await untilAborted(started, signal, describeRequest(request))
  } catch (error) {
    started.then(
      (uploadId) => new MultipartUpload(sender, key, uploadId).discard(),
      () => {},
    )
    throw error
  }
}

class MultipartUpload {
  readonly #sender: S3Sender
  readonly #target: { Bucket: string; Key: string; UploadId: string }
  readonly #sent: { PartNumber: number; ETag: string }[] = []

  constructor(sender: S3Sender, key: string, uploadId: string) {
    this.#sender = sender
    this.#target = { Bucket: sender.bucket, Key: key, UploadId: uploadId }
  }

  /** Sends `first`, then fills its buffer with the next part and sends that, until the body ends. */
  async sendLane(source: PartSource, first: FilledBuffer | undefined, signal: AbortSignal): Promise<void> {
    const buffer = first?.buffer ?? source.newBuffer()
    let part = first?.part ?? (await source.next(buffer))
    while (part.bytes.length > 0) {
      await this.#send(part, signal)
      part = await source.next(buffer)
    }
  }

  async #send({ number, bytes }: Part, signal: AbortSignal): Promise<void> {
    const { touch } = this.#sender.settings
    const command = new UploadPartCommand({ ...this.#target, PartNumber: number, Body: bytes, ...touch })
    const put = (client: S3Client, http: HttpOptions) => client.send(command, http)
    const { ETag } = await this.#sender.send('PUT', this.#target.Key, signal, put, bytes.length)
    this.#sent.push({ PartNumber: number, ETag: confirmed(ETag, this.#sender.request('PUT', this.#target.Key)) })
  }

  async complete(signal: AbortSignal): Promise<void> {
    const Parts = this.#sent.toSorted((a, b) => a.PartNumber - b.PartNumber)
    const { touch } = this.#sender.settings
    const command = new CompleteMultipartUploadCommand({ ...this.#target, MultipartUpload: { Parts }, ...touch })
    const { Key } = this.#target
    const { ETag } = await this.#sender.send('PUT', Key, signal, (client, http) => client.send(command, http))
    confirmed(ETag, this.#sender.request('PUT', Key))
  }

  /** Removes the parts. Fails never: why the upload failed is what the caller has to know. */
  async discard(): Promise<void> {
    const command = new AbortMultipartUploadCommand(this.#target)
    const limit = AbortSignal.timeout(CLEANUP_TIMEOUT_MS)
    await this.#sender
      .send('DELETE', this.#target.Key, limit, (client, http) => client.send(command, http))
      .catch(() => {})
  }
}

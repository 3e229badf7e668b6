import { abortable, untilAborted } from '../abort.ts'
import { type Part, PartSource } from '../parts.ts'
import { answerError, describeRequest, NOT_GCS } from './errors.ts'
import { OBJECT_FIELDS, type StoredObject } from './objects.ts'
import { CONTENT_TYPE, confirmed, putWhole, uploadPath } from './put-whole.ts'
import type { GcsSender } from './sender.ts'
import { UploadSession } from './upload-session.ts'

/** Two of these are in memory: one is filled while the other is sent. The service wants a multiple of 256 KiB. */
const CHUNK_BYTES = 8 << 20

/**
 * Stores a body of unknown length: in one request when it fits into one chunk, else in an upload session, which makes the
 * object visible with its last chunk. When anything fails or `signal` is aborted the session is ended before the error comes.
 *
 * @throws WherryError as every request does; what the body throws comes through unchanged
 */
export async function upload(
  sender: GcsSender,
  name: string,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const stop = new AbortController()
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const source = new PartSource(abortable(body, either, describeRequest(sender.request('PUT', name))), CHUNK_BYTES)
  try {
    const buffer = source.newBuffer()
    const first = await source.next(buffer)
    if (first.last) return await putWhole(sender, name, first.bytes, signal)
    return await putChunks(sender, name, source, { first, buffer }, either, stop)
  } finally {
    await source.close()
  }
}

async function putChunks(
  sender: GcsSender,
  name: string,
  source: PartSource,
  { first, buffer }: { first: Part; buffer: Buffer },
  signal: AbortSignal,
  stop: AbortController,
): Promise<StoredObject> {
  const session = await beginSession(sender, name, signal)
  try {
    const buffers = [source.newBuffer(), buffer] as const
    for (let part = first; ; ) {
      const next = part.last ? undefined : source.next(buffers[part.number % 2 === 0 ? 1 : 0])
      // Its failure is seen when its turn comes.
      next?.catch(() => {})
      const stored = await session.send(part, signal)
      if (next === undefined) return confirmed(stored, source.size, sender.request('PUT', name))
      part = await next
    }
  } catch (error) {
    stop.abort(error)
    await session.discard()
    throw error
  }
}

/** Begins an upload session. An abort does not interrupt the request: its session must be known to be ended. */
async function beginSession(sender: GcsSender, name: string, signal: AbortSignal): Promise<UploadSession> {
  const request = sender.request('PUT', name)
  const call = {
    method: 'POST',
    to: uploadPath(sender.bucket),
    query: { uploadType: 'resumable', name, fields: OBJECT_FIELDS },
    headers: { 'x-upload-content-type': CONTENT_TYPE },
  } as const
  const begun = sender.ask(request, call, undefined).then(({ headers }) => {
    const url = URL.parse(headers.location ?? '')
    if (url === null) throw answerError({ status: undefined, name: NOT_GCS }, request)
    return new UploadSession(sender, request, url)
  })
  try {
    return await untilAborted(begun, signal, describeRequest(request))
  } catch (error) {
    begun.then(
      (session) => session.discard(),
      () => {},
    )
    throw error
  }
}

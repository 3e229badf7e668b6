import { createHash } from 'node:crypto'
import { hasCode } from '../../errors.ts'
import { answerError, answerOf, type GcsRequest, NOT_GCS, parseObject } from './errors.ts'
import { OBJECT_FIELDS, objectPath, parseStored, type StoredObject } from './objects.ts'
import type { GcsSender } from './sender.ts'

/** Compressed, and perhaps encrypted: bytes of no type that anybody knows. */
export const CONTENT_TYPE = 'application/octet-stream'

/** Also to who may store an object, but not replace it. */
const FORBIDDEN = 403

/**
 * Stores an object that is in memory, in one request. One that is there already with the same bytes is a success too, though the
 * account may not replace it: its answer was lost when it was stored.
 */
export async function putWhole(
  sender: GcsSender,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const request = sender.request('PUT', name)
  const call = {
    method: 'POST',
    to: uploadPath(sender.bucket),
    query: { uploadType: 'media', name, fields: OBJECT_FIELDS },
    headers: { 'content-type': CONTENT_TYPE },
    body: bytes,
    accept: FORBIDDEN,
  } as const
  const { status, text } = await sender.ask(request, call, signal)
  if (status !== FORBIDDEN) return confirmed(parseStored(text), bytes.length, request)
  const error = answerError(answerOf(status, text), request)
  // Not for one that is about the rate.
  const stored = hasCode(error, 'ERR_STORAGE_DENIED') ? await storedAlready(sender, name, bytes, signal) : undefined
  if (stored === undefined) throw error
  return stored
}

/** The object, if it has these bytes. */
async function storedAlready(
  sender: GcsSender,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  const query = { fields: `${OBJECT_FIELDS},md5Hash` }
  const call = { method: 'GET', to: objectPath(sender.bucket, name), query } as const
  const text = await sender.ask(sender.request('GET', name), call, signal).then(
    (answer) => answer.text,
    () => '',
  )
  const { md5Hash } = (parseObject(text) ?? {}) as { md5Hash?: unknown }
  return md5Hash === createHash('md5').update(bytes).digest('base64') ? parseStored(text) : undefined
}

/**
 * What the service stored, if it is what was sent.
 * @throws WherryError ERR_STORAGE_UNREACHABLE otherwise
 */
export function confirmed(stored: StoredObject | undefined, sizeBytes: number, request: GcsRequest): StoredObject {
  if (stored === undefined) throw answerError({ status: undefined, name: NOT_GCS }, request)
  if (stored.sizeBytes === sizeBytes) return stored
  const name = `stored ${stored.sizeBytes} bytes of ${sizeBytes}`
  throw answerError({ status: undefined, name }, request)
}

/** Where uploads of any kind go. */
export function uploadPath(bucket: string): string {
  return `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`
}

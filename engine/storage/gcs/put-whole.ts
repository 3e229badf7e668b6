import { answerError, type GcsRequest, NOT_GCS } from './errors.ts'
import { OBJECT_FIELDS, parseStored, type StoredObject } from './objects.ts'
import type { GcsSender } from './sender.ts'

/** Compressed, and perhaps encrypted: bytes of no type that anybody knows. */
export const CONTENT_TYPE = 'application/octet-stream'

/** Stores an object that is in memory, in one request. */
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
  } as const
  const { text } = await sender.ask(request, call, signal)
  return confirmed(parseStored(text), bytes.length, request)
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

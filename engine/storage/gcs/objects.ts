import type { Listed } from '../object-storage.ts'
import { answerError, NOT_GCS, parseObject } from './errors.ts'
import type { Call, GcsSender } from './sender.ts'

/** An object as the service describes it, with its whole name; replacing it gives it a new time. */
export type StoredObject = Listed

/** A page of a list. */
export interface ObjectPage {
  readonly objects: StoredObject[]
  /** Common beginnings of names up to the next slash. */
  readonly prefixes: string[]
}

/** What is listed: names that begin with `prefix`. */
export interface ListQuery {
  readonly prefix: string
  /** Names with a slash after the prefix are listed as prefixes only. */
  readonly delimiter?: '/'
  /** Names before this one are left out. */
  readonly startOffset?: string
}

/** Parts of an object's description that are asked for. */
export const OBJECT_FIELDS = 'kind,name,size,timeCreated'

const PAGE_FIELDS = `kind,nextPageToken,prefixes,items(${OBJECT_FIELDS})`

export function objectsPath(bucket: string): string {
  return `/storage/v1/b/${encodeURIComponent(bucket)}/o`
}

export function objectPath(bucket: string, name: string): string {
  return `${objectsPath(bucket)}/${encodeURIComponent(name)}`
}

/** Lists page by page, in the order of names. */
export async function* listPages(
  sender: GcsSender,
  query: ListQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectPage, void> {
  const request = sender.request('LIST', query.prefix)
  let pageToken: string | undefined
  do {
    const call: Call = {
      method: 'GET',
      to: objectsPath(sender.bucket),
      query: { ...query, pageToken, fields: PAGE_FIELDS },
    }
    const { text } = await sender.ask(request, call, signal)
    const page = parsePage(text)
    if (page === undefined) throw answerError({ status: undefined, name: NOT_GCS }, request)
    yield page
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
}

/** Undefined for anything that does not say that it is a list: a web page must not pass for an empty replica. */
function parsePage(text: string): (ObjectPage & { nextPageToken: string | undefined }) | undefined {
  const page = parseObject(text) as Record<string, unknown> | undefined
  if (page?.kind !== 'storage#objects') return undefined
  const { items = [], prefixes = [], nextPageToken } = page
  if (!Array.isArray(items) || !Array.isArray(prefixes)) return undefined
  const objects = items.map(describedObject)
  if (!isComplete(objects)) return undefined
  return {
    objects,
    prefixes: prefixes.map(String),
    nextPageToken: typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined,
  }
}

function isComplete<T>(values: (T | undefined)[]): values is T[] {
  return !values.includes(undefined)
}

/** The object that the service says it stored; undefined when the answer is no such thing. */
export function parseStored(text: string): StoredObject | undefined {
  return describedObject(parseObject(text))
}

function describedObject(value: unknown): StoredObject | undefined {
  const { kind, name, size, timeCreated } = (value ?? {}) as Record<string, unknown>
  if (kind !== 'storage#object' || typeof name !== 'string' || typeof timeCreated !== 'string') return undefined
  const [sizeBytes, createdAt] = [Number(size), new Date(timeCreated)]
  const isValid = Number.isSafeInteger(sizeBytes) && !Number.isNaN(createdAt.getTime())
  return isValid ? { name, sizeBytes, createdAt } : undefined
}

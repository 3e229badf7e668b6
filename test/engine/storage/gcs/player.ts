import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { GcsStorage } from '../../../../engine/storage/gcs/storage.ts'
import { LIMITS, type WireLimits } from '../../../../engine/storage/gcs/wire.ts'
import type { GcsStorageOptions } from '../../../../engine/storage/options.ts'
import { listen } from './listen.ts'

/** A request as the player saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** @param count of requests so far, 1 for the first */
export type Play = (response: ServerResponse, seen: Seen, count: number) => void

/** Plays a service that answers as a test wants it to; what no real server does when asked to. */
export async function play(t: TestContext, answer: Play) {
  const seen: Seen[] = []
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://any')
    const body = await buffer(request).catch(() => undefined)
    if (body === undefined) return
    const what = { method: request.method ?? '', path, query, headers: request.headers, body }
    answer(response, what, seen.push(what))
  })
  const { origin, close } = await listen(server)
  t.after(close)
  const open = (changes: Partial<GcsStorageOptions> = {}, limits: Partial<WireLimits> = {}) => {
    const options = { type: 'gcs', bucket: 'bucket', path: 'a/b', endpoint: origin, credentials: undefined } as const
    const storage = new GcsStorage({ ...options, ...changes }, { ...LIMITS, pauseMs: 1, ...limits })
    t.after(() => storage.close())
    return storage
  }
  return { seen, open, origin }
}

export const says =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Play =>
  (response) => {
    const [type, text] = typeof body === 'string' ? ['text/html', body] : ['application/json', JSON.stringify(body)]
    response.writeHead(status, { 'content-type': type, ...headers }).end(text)
  }

export const EMPTY_LIST = { kind: 'storage#objects' }

/** The description of an object. */
export function described(name: string, sizeBytes: number, timeCreated = '2026-01-02T03:04:05.678Z') {
  return { kind: 'storage#object', name, size: String(sizeBytes), timeCreated }
}

/** Answers an upload in one request as if it was stored. */
export const stores: Play = (response, seen, count) =>
  says(described(seen.query.get('name') ?? '', seen.body.length))(response, seen, count)

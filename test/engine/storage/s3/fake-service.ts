import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TestContext } from 'node:test'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'

/** A request as it came over the wire. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

export type Answer = (response: ServerResponse, seen: Seen, count: number) => void

export const EMPTY_LIST = '<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated></ListBucketResult>'

export const stored = (response: ServerResponse) => response.writeHead(200, { etag: '"etag"' }).end()

export const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end()

export const says = (body: string) => (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/xml' }).end(body)

/** An error as S3 services write it. */
export const refuses =
  (code: number, name: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response
      .writeHead(code, { 'content-type': 'application/xml', ...headers })
      .end(`<Error><Code>${name}</Code><Message>what the service wrote</Message></Error>`)

/** Any answer to an upload in parts. */
export const takesUploads: Answer = (response, { method, query }) => {
  if (query.has('uploads')) says('<R><UploadId>the-upload</UploadId></R>')(response)
  else if (method === 'POST') says('<R><ETag>etag</ETag></R>')(response)
  else stored(response)
}

export const defaults: S3StorageOptions = {
  type: 's3',
  bucket: 'bucket',
  path: 'a/b',
  region: undefined,
  endpoint: undefined,
  forcePathStyle: true,
  skipVerify: false,
  accessKeyId: 'key',
  secretAccessKey: 'secret',
}

/** A service that answers as it is told, for answers that no real one gives when asked to. */
export async function play(t: TestContext, answer: Answer, tls?: { readonly key: Buffer; readonly cert: Buffer }) {
  const seen: Seen[] = []
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://any')
    const what = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers }
    request.resume().on('end', () => answer(response, what, seen.push(what)))
  }
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const endpoint = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`
  const open = (changes: Partial<S3StorageOptions> = {}) => {
    const storage = new S3Storage({ ...defaults, endpoint, ...changes })
    t.after(() => storage.close())
    return storage
  }
  return { seen, open, endpoint, port: address.port }
}

/** Sets environment variables for one test; undefined removes one. */
export function setEnv(t: TestContext, values: Record<string, string | undefined>): void {
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  for (const [name, value] of Object.entries(values)) set(name, value)
  t.after(() => {
    for (const [name, value] of before) set(name, value)
  })
}

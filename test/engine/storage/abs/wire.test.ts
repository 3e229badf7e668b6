import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { AbsStorage } from '../../../../engine/storage/abs/storage.ts'
import type { AbsStorageOptions } from '../../../../engine/storage/options.ts'
import { waitUntil } from '../../../support/wait.ts'
import { chunks, fails } from '../contract-tools.ts'

/**
 * What goes over the wire, and answers that no real server gives when asked to: seen and played by a plain HTTP server.
 */

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')
const SEGMENT = `/account/container/app/generations/${A}/wal/00000000_00000000.wal.lz4`

interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly bytes: number
  /** What the blob's content type is set to. */
  readonly contentType: string | undefined
}

type Answer = (response: ServerResponse, seen: Seen, count: number) => void

const stored = (response: ServerResponse) =>
  response.writeHead(201, { etag: '"etag"', 'last-modified': 'Mon, 02 Jan 2023 03:04:05 GMT' }).end()
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end()
const refuses = (code: number, name: string, headers: Record<string, string> = {}) =>
  status(code, { 'x-ms-error-code': name, ...headers })
const page = (text: string) => (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/html', 'content-length': text.length, etag: '"page"' }).end(text)
const webPage = page('<html><body>Welcome to our network</body></html>')

/** One page of a list; Azure gives up to 5,000 blobs at a time. */
function listPage(names: string[], next: string): string {
  const times = (year: number) => `Sun, 01 Jan ${year} 00:00:00 GMT`
  const blobs = names.map(
    (name) =>
      `<Blob><Name>${name}</Name><Properties><Creation-Time>${times(2017)}</Creation-Time><Last-Modified>${times(2023)}</Last-Modified>` +
      `<Etag>e</Etag><Content-Length>7</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`,
  )
  return `<?xml version="1.0"?><EnumerationResults ServiceEndpoint="http://any" ContainerName="container"><Blobs>${blobs.join('')}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`
}

async function play(t: TestContext, answer: Answer) {
  const seen: Seen[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://any')
    let bytes = 0
    const contentType = request.headersDistinct['x-ms-blob-content-type']?.join()
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => {
      const what = { method: request.method ?? '', path: url.pathname, query: url.searchParams, bytes, contentType }
      answer(response, what, seen.push(what))
    })
  })
  // No connection goes by itself.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`
  const open = (changes: Partial<AbsStorageOptions> = {}) => {
    const storage = new AbsStorage({ ...defaults, endpoint, ...changes })
    t.after(() => storage.close())
    return storage
  }
  const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  return { seen, open, connections }
}

const defaults: AbsStorageOptions = {
  type: 'abs',
  bucket: 'container',
  path: 'app',
  endpoint: undefined,
  accountName: undefined,
  accountKey: Buffer.alloc(64, 1).toString('base64'),
  sasToken: undefined,
}

describe('Azure requests', () => {
  test('a segment is one request, and its time is the service’s', async (t) => {
    const { seen, open } = await play(t, stored)
    const { createdAt } = await open().writeSegment(FIRST, X)
    assert.deepEqual(
      seen.map(({ method, path, query, bytes }) => [method, path, `${query}`, bytes]),
      [['PUT', SEGMENT, '', 1]],
    )
    assert.equal(createdAt.toISOString(), '2023-01-02T03:04:05.000Z')
  })

  test('a snapshot is one request when it fits into a block, else one for each block and one for their list', async (t) => {
    const { seen, open } = await play(t, stored)
    await open().writeSnapshot(A, 0, chunks([Buffer.alloc(MIB)]))
    await open().writeSnapshot(A, 0, chunks([Buffer.alloc(20 * MIB)]))
    const kinds = seen.map(({ query }) => query.get('comp') ?? 'whole')
    assert.deepEqual(kinds, ['whole', 'block', 'block', 'block', 'blocklist'])
    // Litestream's; it is set where the blob comes to be.
    const type = 'application/octet-stream'
    assert.deepEqual(
      seen.map(({ contentType }) => contentType),
      [type, undefined, undefined, undefined, type],
    )
    assert.deepEqual(
      seen
        .slice(1, 4)
        .map(({ bytes }) => bytes / MIB)
        .sort(),
      [4, 8, 8],
    )
    const ids = seen.slice(1, 4).map(({ query }) => Buffer.from(query.get('blockid') ?? '', 'base64'))
    assert.deepEqual(
      ids.map(({ length }) => length),
      [64, 64, 64],
    )
  })

  test('a body is not read further than two blocks ahead of what was sent', async (t) => {
    let sent = 0
    let produced = 0
    let farthest = 0
    const { open } = await play(t, (response, { bytes }) => {
      // A slow service: everything that could be read ahead is read by then.
      setTimeout(() => {
        sent += bytes
        stored(response)
      }, 20)
    })
    async function* body() {
      const chunk = Buffer.alloc(MIB)
      for (; produced < 200 * MIB; produced += MIB) {
        farthest = Math.max(farthest, produced - sent)
        yield chunk
      }
    }
    const { sizeBytes } = await open().writeSnapshot(A, 0, body(), { sizeHintBytes: 100 * MIB })
    assert.equal(sizeBytes, 200 * MIB)
    assert(farthest <= 16 * MIB, `${farthest / MIB} MiB ahead`)
  })

  test('a list goes on where its page ended, and has the time when blobs were created', async (t) => {
    const folder = `app/generations/${A}/wal`
    const { seen, open } = await play(t, (response, { query }) => {
      const next = query.get('marker') === 'here'
      const name = next ? '00000001_00000000.wal.lz4' : '00000000_00000000.wal.lz4'
      const body = listPage([`${folder}/${name}`], next ? '' : 'here')
      response.writeHead(200, { 'content-type': 'application/xml' }).end(body)
    })
    const createdAt = new Date('2017-01-01T00:00:00Z')
    assert.deepEqual(
      await open().segments(A),
      [0, 1].map((index) => ({ generation: A, index, offset: 0, sizeBytes: 7, createdAt })),
    )
    assert.deepEqual(
      seen.map(({ query }) => [query.get('comp'), query.get('prefix'), query.get('delimiter'), query.get('marker')]),
      [
        ['list', `${folder}/`, null, null],
        ['list', `${folder}/`, null, 'here'],
      ],
    )
  })

  test('connections are closed by close, and a request after it opens a new one', async (t) => {
    const { open, connections } = await play(t, stored)
    const storage = open()
    await storage.writeSegment(FIRST, X)
    assert.equal(await connections(), 1)
    await storage.close()
    await waitUntil('No connection is left', async () => (await connections()) === 0)
    await storage.writeSegment(FIRST, X)
    assert.equal(await connections(), 1)
  })
})

describe('Azure answers', () => {
  for (const [name, answer, requests, message] of [
    ['500', status(500), 2, /\(500 /],
    ['503 ServerBusy', refuses(503, 'ServerBusy'), 2, /\(503 ServerBusy\)/],
    ['429', refuses(429, 'TooManyRequests'), 1, /\(429 TooManyRequests\)/],
    ['a broken connection', (response: ServerResponse) => response.destroy(), 2, /\(ECONNRESET\)/],
    ['a redirect', status(302, { location: 'http://127.0.0.1:9/' }), 1, /\(302 not an Azure answer\)/],
    ['a web page', webPage, 1, /\(200 not an Azure answer\)/],
    ['a success without the time of the blob', status(201), 1, /\(not an Azure answer\)/],
  ] as const) {
    test(`${name} is ERR_STORAGE_UNREACHABLE after ${requests} requests`, async (t) => {
      const { seen, open } = await play(t, answer)
      await fails(open().writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', message)
      assert.equal(seen.length, requests)
    })
  }

  test('a list of blocks that something else took is no blob', async (t) => {
    const { open } = await play(t, (response, { query }) => {
      if (query.get('comp') === 'blocklist') status(201)(response)
      else stored(response)
    })
    const body = chunks([Buffer.alloc(20 * MIB)])
    await fails(open().writeSnapshot(A, 0, body), 'ERR_STORAGE_UNREACHABLE', /not an Azure answer/)
  })

  for (const [name, answer] of [
    ['a web page', webPage],
    ['an empty page', page('')],
    ['a text', page('Welcome')],
  ] as const) {
    test(`${name} is neither an empty list nor an object`, async (t) => {
      const { open } = await play(t, answer)
      const storage = open()
      const calls = [
        storage.generations(),
        storage.segments(A),
        storage.openSegment(FIRST),
        storage.deleteSegments([FIRST]),
      ]
      for (const call of calls) call.catch(() => {})
      for (const call of calls) await fails<unknown>(call, 'ERR_STORAGE_UNREACHABLE', /not an Azure answer/)
    })
  }

  test('a refusal at another time than ours is about the clock', async (t) => {
    const date = new Date(Date.now() - 3_600_000).toUTCString()
    const { open } = await play(t, refuses(403, 'AuthenticationFailed', { date }))
    const message = /\(403 AuthenticationFailed\): set the clock of this machine, which is 60 minutes ahead$/
    await fails(open().writeSegment(FIRST, X), 'ERR_STORAGE_DENIED', message)
  })

  test('the first refusal ends a delete of many', async (t) => {
    const refused = refuses(403, 'AuthorizationPermissionMismatch')
    const { seen, open } = await play(t, (response, _, count) =>
      count === 20 ? refused(response) : response.writeHead(202).end(),
    )
    const many = Array.from({ length: 500 }, (_, index) => ({ ...FIRST, index }))
    await fails(
      open().deleteSegments(many),
      'ERR_STORAGE_DENIED',
      /^Azure refused DELETE of abs:\/\/account@container\/app/,
    )
    assert(seen.length < 100, `${seen.length} requests`)
  })

  test('a body that is shorter than announced fails', async (t) => {
    const headers = { 'content-length': '100', etag: '"etag"', 'x-ms-blob-type': 'BlockBlob' }
    const { open } = await play(t, (response) => {
      response.writeHead(200, headers).write('short')
      setImmediate(() => response.destroy())
    })
    const stream = await open().openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /wal\.lz4 \(the connection broke\)/)
  })
})

describe('Azure options', () => {
  const make = (changes: Partial<AbsStorageOptions>) => () => new AbsStorage({ ...defaults, ...changes })

  for (const [name, changes, message] of [
    ['neither account nor endpoint', { accountName: undefined }, /"container" has no account-name/],
    ['a key without an account', { endpoint: 'https://blobs.example' }, /has an account-key but no account-name/],
    [
      'no credentials without TLS',
      { endpoint: 'http://127.0.0.1:10000/account', accountKey: undefined },
      /neither account-key nor sas-token: http:\/\/127\.0\.0\.1:10000\/account needs one of them/,
    ],
    ['an endpoint with a SAS token', { endpoint: 'https://a.blob.core.windows.net?sig=secret' }, /sas-token$/],
    ['an endpoint with a password', { endpoint: 'https://user:secret@a.example' }, /must be like https:\/\/HOST/],
    ['an endpoint that is none', { endpoint: 'ftp://a.example' }, /must be like https:\/\/HOST/],
  ] as const) {
    test(`${name} is ERR_CONFIG`, () => {
      assert.throws(make(changes), (error: Error) => {
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /secret/)
        return 'code' in error && error.code === 'ERR_CONFIG'
      })
    })
  }

  test('the account is found in the endpoint', () => {
    for (const endpoint of [
      'a.blob.core.windows.net',
      'https://a.blob.core.chinacloudapi.cn/',
      'http://host:10000/a',
    ]) {
      make({ endpoint })()
    }
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { GcsStorage } from '../../../../engine/storage/gcs/storage.ts'
import { chunks, fails } from '../contract-tools.ts'
import { listen } from './listen.ts'
import { described, type Play, play, type Seen, says } from './player.ts'

const A = '00000000000000aa'
const MIB = 1 << 20
const SECRET_ID = 'the-upload-id'

/**
 * A service with one upload session, that keeps what it is sent. `disturb` may answer a chunk in its place.
 * @param disturb true when it did
 */
async function playSession(
  t: TestContext,
  disturb: (...args: [...Parameters<Play>, Service]) => boolean = () => false,
) {
  const service: Service = { kept: Buffer.alloc(0), ranges: [], hasEnded: false }
  const played = await play(t, (response, seen, count) => {
    const { method, query } = seen
    if (query.get('uploadType') === 'resumable') {
      const location = `http://${seen.headers.host}/session?upload_id=${SECRET_ID}`
      return says({}, 200, { location })(response, seen, count)
    }
    if (method === 'DELETE') {
      service.hasEnded = true
      return says({}, 499)(response, seen, count)
    }
    service.ranges.push(String(seen.headers['content-range']))
    if (disturb(response, seen, count, service)) return undefined
    keep(service, seen, seen.body.length)
    return answerChunk(response, seen, service)
  })
  return { ...played, service }
}

interface Service {
  kept: Buffer
  readonly ranges: string[]
  hasEnded: boolean
}

/** Keeps the first bytes of a chunk; those that it has are ignored. */
function keep(service: Service, { headers, body }: Seen, length: number): void {
  const begin = /^bytes (\d+)-/.exec(String(headers['content-range']))?.[1]
  if (begin === undefined) return
  assert(Number(begin) <= service.kept.length, 'a gap')
  const fresh = body.subarray(service.kept.length - Number(begin), length)
  service.kept = Buffer.concat([service.kept, fresh])
}

function answerChunk(response: Parameters<Play>[0], seen: Seen, { kept }: Service): void {
  const total = /\/(\d+)$/.exec(String(seen.headers['content-range']))?.[1]
  if (Number(total) === kept.length) says(described('n', kept.length))(response, seen, 0)
  else says('', 308, kept.length === 0 ? {} : { range: `bytes=0-${kept.length - 1}` })(response, seen, 0)
}

test('a snapshot of several chunks is one session, without a request more', async (t) => {
  const { seen, open, service } = await playSession(t)
  const body = randomBytes(20 * MIB + 5)
  const { sizeBytes } = await open().writeSnapshot(A, 0, chunks([body.subarray(0, 11 * MIB), body.subarray(11 * MIB)]))
  assert.equal(sizeBytes, body.length)
  assert(service.kept.equals(body))
  assert.deepEqual(service.ranges, [
    `bytes 0-${8 * MIB - 1}/*`,
    `bytes ${8 * MIB}-${16 * MIB - 1}/*`,
    `bytes ${16 * MIB}-${body.length - 1}/${body.length}`,
  ])
  assert.equal(seen.length, 4)
  assert.equal(service.hasEnded, false)
})

test('a body that ends with a chunk is completed without one', async (t) => {
  const { open, service } = await playSession(t)
  await open().writeSnapshot(A, 0, chunks([randomBytes(16 * MIB)]))
  assert.equal(service.ranges.at(-1), `bytes */${16 * MIB}`)
  assert.equal(service.kept.length, 16 * MIB)
})

test('what the service did not keep of a chunk is sent again', async (t) => {
  const { open, service } = await playSession(t, (response, seen, _count, service) => {
    // Of the first chunk nothing, then a part; of the last chunk a part.
    if (![1, 2, 5].includes(service.ranges.length)) return false
    keep(service, seen, service.ranges.length === 1 ? 0 : 3 * 256 * 1024)
    answerChunk(response, seen, service)
    return true
  })
  const body = randomBytes(18 * MIB)
  // Nothing was kept: that does not go on.
  await fails(open().writeSnapshot(A, 0, chunks([body])), 'ERR_STORAGE_UNREACHABLE', /an upload that does not go on/)
  assert(service.hasEnded)
  await open().writeSnapshot(A, 0, chunks([body]))
  assert(service.kept.equals(body))
  assert.equal(service.ranges[2], `bytes ${3 * 256 * 1024}-${8 * MIB - 1}/*`)
})

test('a chunk whose connection breaks, or that finds the service busy, is sent again', async (t) => {
  for (const how of ['before', 'after', 'busy'] as const) {
    const { open, service } = await playSession(t, (response, seen, count, service) => {
      if (service.ranges.length !== 2) return false
      if (how === 'after') keep(service, seen, seen.body.length)
      if (how === 'busy') says('', 503)(response, seen, count)
      else response.socket?.destroy()
      return true
    })
    const body = randomBytes(18 * MIB)
    await open().writeSnapshot(A, 0, chunks([body]))
    assert(service.kept.equals(body), how)
    assert.equal(service.ranges[1], service.ranges[2])
  }
})

test('a chunk that is refused ends the upload and its session', async (t) => {
  for (const [status, code, message] of [
    [403, 'ERR_STORAGE_DENIED', /needs storage\.objects\.create/],
    [404, 'ERR_STORAGE_UNREACHABLE', /the upload session is gone/],
    [410, 'ERR_STORAGE_UNREACHABLE', /410 Gone/],
    [503, 'ERR_STORAGE_UNREACHABLE', /503 Service Unavailable/],
  ] as const) {
    const { seen, open, service } = await playSession(t, (response, what, count, service) => {
      if (service.ranges.length < 2) return false
      says('', status)(response, what, count)
      return true
    })
    const error = await fails(open().writeSnapshot(A, 0, chunks([randomBytes(40 * MIB)])), code, message)
    assert(!error.message.includes(SECRET_ID))
    assert.equal(seen.at(-1)?.method, 'DELETE')
    assert(!service.ranges.some((range) => !range.endsWith('/*')), 'it was completed')
  }
})

test('an upload that gets no session is no upload', async (t) => {
  for (const headers of [{}, { location: 'nowhere' }] as Record<string, string>[]) {
    const { open } = await play(t, says({}, 200, headers))
    const write = open().writeSnapshot(A, 0, chunks([randomBytes(9 * MIB)]))
    await fails(write, 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
  }
})

test('an abort ends the request that is under way, and then the session', async (t) => {
  const abort = new AbortController()
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const { open, service } = await playSession(t, (response) => {
    response.on('close', resolve)
    abort.abort()
    return true
  })
  const write = open().writeSnapshot(A, 0, chunks([randomBytes(40 * MIB)]), { signal: abort.signal })
  await fails(write, 'ERR_CANCELLED', /00000000\.snapshot\.lz4/)
  await closed
  assert(service.hasEnded)
})

test('memory does not grow with a snapshot', async (t) => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  let [kept, most] = [0, 0]
  const server = createServer((request, response) => {
    if (request.method === 'POST')
      return response.writeHead(200, { location: `http://${request.headers.host}/s` }).end()
    const total = /\/(\d+)$/.exec(String(request.headers['content-range']))?.[1]
    request.on('data', (chunk: Buffer) => {
      kept += chunk.length
    })
    return request.on('end', () => {
      if (total === undefined) response.writeHead(308, { range: `bytes=0-${kept - 1}` }).end()
      else response.end(JSON.stringify(described('n', kept)))
    })
  })
  const { origin, close } = await listen(server)
  t.after(close)
  const size = 400
  async function* body() {
    const piece = randomBytes(MIB)
    for (let sent = 0; sent < size; sent++) {
      if (sent % 16 === 0) collectGarbage()
      most = Math.max(most, process.memoryUsage().arrayBuffers)
      yield piece
    }
  }
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  const options = { type: 'gcs', bucket: 'bucket', path: '', endpoint: origin, credentials: undefined } as const
  const storage = new GcsStorage(options)
  t.after(() => storage.close())
  const { sizeBytes } = await storage.writeSnapshot(A, 0, body())
  assert.equal(sizeBytes, size * MIB)
  t.diagnostic(`${size} MiB with ${Math.round((most - before) / MIB)} MiB`)
  assert(most - before < 64 * MIB)
})

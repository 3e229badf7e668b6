import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, type TestContext, test } from 'node:test'
import { GcsStorage } from '../../../../engine/storage/gcs/storage.ts'
import type { GcsStorageOptions } from '../../../../engine/storage/options.ts'
import { fakeGcs, type RunningGcs, startGcs } from '../../../servers/gcs.ts'
import { gcsNames } from '../../../servers/gcs-admin.ts'
import { skipWithout } from '../../../servers/server.ts'
import { startProxy } from '../../../servers/tcp-proxy.ts'
import { waitUntil } from '../../../support/wait.ts'
import { chunks, everyCall, fails, stuckAfter } from '../contract-tools.ts'
import { startRecordingProxy } from './recording-proxy.ts'
import { gcsOptions } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')

describe(`GCS storage and failures of ${fakeGcs.name}`, { skip: await skipWithout(fakeGcs) }, () => {
  let gcs: RunningGcs
  before(async () => {
    gcs = await startGcs()
  })
  after(() => gcs.stop())

  const open = (t: TestContext, changes: Partial<GcsStorageOptions> = {}) => {
    const storage = new GcsStorage(gcsOptions(gcs, changes))
    t.after(() => storage.close())
    return storage
  }
  const startTcpProxy = async (t: TestContext) => {
    const proxy = await startProxy(Number(new URL(gcs.endpoint).port))
    t.after(() => proxy.close())
    return { proxy, endpoint: `http://127.0.0.1:${proxy.port}` }
  }
  const startRecording = async (t: TestContext) => {
    const proxy = await startRecordingProxy(gcs.endpoint)
    t.after(() => proxy.close())
    return proxy
  }

  test('a bucket that is absent is ERR_STORAGE_NO_BUCKET by its name', async (t) => {
    const storage = open(t, { bucket: 'no-such-bucket' })
    const calls = everyCall(storage)
    const message = /^There is no bucket "no-such-bucket" at http:.*: create it or correct its name$/
    for (const call of calls.lists.concat(calls.writes)) await fails<unknown>(call, 'ERR_STORAGE_NO_BUCKET', message)
    // This server does not say whether it is the bucket that is absent; Google does.
    await fails(storage.openSegment(FIRST), 'ERR_OBJECT_NOT_FOUND')
    await storage.deleteSegments([FIRST])
  })

  test('an endpoint where nobody listens is ERR_STORAGE_UNREACHABLE by its name', async (t) => {
    const proxy = await startProxy(0)
    await proxy.close()
    const endpoint = `http://127.0.0.1:${proxy.port}`
    const message = new RegExp(`^${endpoint} did not serve .* \\(ECONNREFUSED\\)`)
    const calls = everyCall(open(t, { endpoint })).all
    for (const call of calls) await fails<unknown>(call, 'ERR_STORAGE_UNREACHABLE', message)
  })

  test('calls to a server that hangs end with their signal, and with them their connections', async (t) => {
    const { proxy, endpoint } = await startTcpProxy(t)
    const storage = open(t, { endpoint, path: 'hangs' })
    const abort = new AbortController()
    process.kill(gcs.pid, 'SIGSTOP')
    try {
      const calls = everyCall(storage, abort.signal).all
      await waitUntil('A connection for each call', () => proxy.connections === calls.length)
      abort.abort()
      for (const call of calls) await fails<unknown>(call, 'ERR_CANCELLED')
    } finally {
      process.kill(gcs.pid, 'SIGCONT')
    }
    await storage.writeSegment(FIRST, X)
  })

  test('a stream whose connection breaks fails with ERR_STORAGE_UNREACHABLE', async (t) => {
    const { proxy, endpoint } = await startTcpProxy(t)
    const storage = open(t, { endpoint, path: 'cut' })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
    proxy.cutAfter(MIB)
    const stream = await storage.openSnapshot(A, 0)
    await fails(
      stream.toArray(),
      'ERR_STORAGE_UNREACHABLE',
      /cut\/generations\/.*00000000\.snapshot\.lz4 \(ECONNRESET\)/,
    )
  })

  test('one connection serves all, and one that the server closed is replaced', async (t) => {
    const { proxy, endpoint } = await startTcpProxy(t)
    const storage = open(t, { endpoint, path: 'kept' })
    for (let index = 0; index < 5; index++) await storage.writeSegment({ ...FIRST, index }, X)
    assert.equal((await storage.segments(A)).length, 5)
    assert.equal(proxy.connections, 1)
    proxy.dropAll()
    await storage.writeSegment(FIRST, X)
    assert.equal(proxy.connections, 2)
  })

  test('a call is as many requests as it must be', async (t) => {
    const proxy = await startRecording(t)
    const storage = open(t, { endpoint: proxy.endpoint, path: 'counted' })
    const requests = async (call: () => Promise<unknown>) => {
      proxy.recorded.length = 0
      await call()
      return proxy.recorded.map(({ method, path, query, status }) => {
        const kind = query.get('uploadType') ?? (path.endsWith('/o') ? 'list' : 'object')
        return `${method} ${kind} ${status}`
      })
    }
    assert.deepEqual(await requests(() => storage.writeSegment(FIRST, X)), ['POST media 200'])
    assert.deepEqual(await requests(() => storage.writeSnapshot(A, 0, chunks([X]))), ['POST media 200'])
    assert.deepEqual(await requests(() => storage.writeSnapshot(A, 1, chunks([randomBytes(10 * MIB)]))), [
      'POST resumable 200',
      'PUT resumable 308',
      'PUT resumable 200',
    ])
    assert.deepEqual(await requests(() => storage.generations()), ['GET list 200'])
    assert.deepEqual(await requests(() => storage.segments(A)), ['GET list 200'])
    assert.deepEqual(await requests(async () => (await storage.openSegment(FIRST)).toArray()), ['GET object 200'])
    assert.deepEqual(await requests(() => storage.deleteSegments([FIRST, { ...FIRST, index: 9 }])), [
      'DELETE object 200',
      'DELETE object 404',
    ])
    assert.deepEqual(await requests(() => storage.deleteSnapshots(A, [])), [])
  })

  test('an upload that is aborted when chunks are there ends its session', async (t) => {
    const proxy = await startRecording(t)
    const storage = open(t, { endpoint: proxy.endpoint, path: 'aborted' })
    const abort = new AbortController()
    const body = stuckAfter(20 * MIB, () => {
      waitUntil('Two chunks were sent', () => proxy.recorded.filter(({ status }) => status === 308).length === 2).then(
        () => abort.abort(),
        (error) => abort.abort(error),
      )
    })
    await fails(storage.writeSnapshot(A, 0, body.chunks, { signal: abort.signal }), 'ERR_CANCELLED')
    body.release()
    assert.deepEqual(proxy.unfinished(), [])
    assert.equal(proxy.recorded.at(-1)?.method, 'DELETE')
    assert.deepEqual(await gcsNames(gcs, 'aborted/'), [])
  })

  test('a download that is aborted closes its connection', async (t) => {
    const { proxy, endpoint } = await startTcpProxy(t)
    const storage = open(t, { endpoint, path: 'download' })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(32 * MIB)]))
    const abort = new AbortController()
    const stream = await storage.openSnapshot(A, 0, abort.signal)
    const read = (async () => {
      for await (const _ of stream) abort.abort()
    })()
    await fails(read, 'ERR_CANCELLED', /00000000\.snapshot\.lz4/)
    const before = proxy.connections
    await storage.writeSegment(FIRST, X)
    assert.equal(proxy.connections, before + 1, 'The connection with the rest of the object was kept')
  })
})

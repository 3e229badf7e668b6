import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import SftpClient from 'ssh2-sftp-client'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import type { SftpLimits } from '../../../../engine/storage/sftp/connect.ts'
import { skipWithout } from '../../../servers/server.ts'
import { openssh, type RunningSftp } from '../../../servers/sftp.ts'
import { startProxy } from '../../../servers/tcp-proxy.ts'
import { waitUntil, within } from '../../../support/wait.ts'
import { chunks, digest, fails, stuckAfter } from '../contract-tools.ts'
import { filesBelow, openSftp, sftpOptions } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')

describe(`SFTP storage and the connection to ${openssh.name}`, { skip: await skipWithout(openssh) }, () => {
  let sftp: RunningSftp
  let count = 0
  before(async () => {
    sftp = await openssh.start()
  })
  after(() => sftp.stop())

  const open = (t: TestContext, changes: Partial<SftpStorageOptions> = {}, limits: Partial<SftpLimits> = {}) =>
    openSftp(t, sftpOptions(sftp, { path: `connection/${count++}`, ...changes }), limits)
  const startProxyTo = async (t: TestContext) => {
    const proxy = await startProxy(sftp.port)
    t.after(() => proxy.close())
    return proxy
  }

  test('one connection serves all, also calls at once, and one that is lost is replaced', async (t) => {
    const proxy = await startProxyTo(t)
    const storage = open(t, { port: proxy.port })
    const positions = Array.from({ length: 20 }, (_, index) => ({ ...FIRST, index }))
    await Promise.all(positions.map((position) => storage.writeSegment(position, X)))
    assert.equal((await storage.segments(A)).length, 20)
    assert.equal(proxy.connections, 1)
    // Whether the client has seen the end when it sends its next request, or not yet: the request is served.
    for (const lost of [1, 2, 3]) {
      proxy.dropAll()
      await storage.writeSegment(FIRST, X)
      assert.equal(proxy.connections, 1 + lost)
    }
    proxy.dropAll()
    await Promise.all(positions.map((position) => storage.openSegment(position).then((stream) => stream.toArray())))
    assert.equal(proxy.connections, 5)
  })

  test('a connection that is lost again and again is given up after two', async (t) => {
    const proxy = await startProxyTo(t)
    const storage = open(t, { port: proxy.port })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(MIB)]))
    proxy.cutAfter(1000)
    await fails(storage.generations(), 'ERR_STORAGE_UNREACHABLE')
    assert(proxy.connections <= 2)
    proxy.cutAfter(Number.POSITIVE_INFINITY)
    assert.deepEqual(await storage.generations(), [A])
  })

  test('a server that is killed and comes back on its port is used again by the same client', async (t) => {
    const storage = open(t)
    await storage.writeSegment(FIRST, X)
    await sftp.restart()
    await storage.writeSegment({ ...FIRST, index: 1 }, X)
    await sftp.kill()
    await fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', /\(ECONNREFUSED\): check host, port/)
    await sftp.restart()
    assert.equal((await storage.segments(A)).length, 2)
  })

  test('a server that is killed amid an upload fails it, stores no object, and serves the next', async (t) => {
    const path = `connection/${count++}`
    const storage = open(t, { path })
    const stuck = Promise.withResolvers<void>()
    const body = stuckAfter(4 * MIB, stuck.resolve)
    const write = storage.writeSnapshot(A, 0, body.chunks)
    await stuck.promise
    await sftp.restart()
    body.release()
    await fails(write, 'ERR_STORAGE_UNREACHABLE', /did not serve the write of .*00000000\.snapshot\.lz4 \(/)
    assert.deepEqual(await storage.snapshots(A), [])
    const left = await filesBelow(join(sftp.home, path))
    assert.equal(left.filter((name) => /\/00000000\.snapshot\.lz4\.[0-9a-f]{12}\.tmp$/.test(name)).length, 1)
    await storage.writeSnapshot(A, 0, chunks([X]))
    assert.equal((await storage.snapshots(A)).length, 1)
  })

  test('a stream whose connection breaks fails with ERR_STORAGE_UNREACHABLE', async (t) => {
    const proxy = await startProxyTo(t)
    const storage = open(t, { port: proxy.port })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
    proxy.cutAfter(MIB)
    const stream = await storage.openSnapshot(A, 0)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /did not serve the read of .*00000000\.snapshot\.lz4/)
  })

  test('a stream that nobody reads for long is read to its end afterwards', async (t) => {
    const storage = open(t, {}, { answerTimeoutMs: 300 })
    const body = randomBytes(4 * MIB)
    await storage.writeSnapshot(A, 0, chunks([body]))
    const stream = await storage.openSnapshot(A, 0)
    await new Promise((resolve) => setTimeout(resolve, 900))
    assert.equal(await digest(stream), createHash('sha256').update(body).digest('hex'))
  })

  describe('a server that hangs', () => {
    const limits = { answerTimeoutMs: 1000, connectTimeoutMs: 1000 }

    test('fails what waits for it within the limits, and is used again when it is back', async (t) => {
      const proxy = await startProxyTo(t)
      const patient = open(t, { port: proxy.port })
      const storage = open(t, { port: proxy.port }, limits)
      const fresh = open(t, { port: proxy.port }, limits)
      await patient.writeSegment(FIRST, X)
      await storage.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
      const stream = await storage.openSnapshot(A, 0)
      sftp.pause()
      try {
        // A request that may be repeated was, on a new connection.
        const silent = /\(no answer (for|within) 1 s\): check/
        await Promise.all([
          fails(storage.generations(), 'ERR_STORAGE_UNREACHABLE', silent),
          fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', silent),
          fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', silent),
          fails(fresh.generations(), 'ERR_STORAGE_UNREACHABLE', /\(no answer within 1 s\): check host, port/),
        ])
      } finally {
        sftp.resume()
      }
      for (const client of [patient, storage, fresh]) {
        await waitUntil('Served again', () =>
          client.generations().then(
            () => true,
            () => false,
          ),
        )
      }
    })

    test('does not keep calls from ending with their signal', async (t) => {
      const storage = open(t)
      const fresh = open(t)
      await storage.writeSegment(FIRST, X)
      const abort = new AbortController()
      const full = Promise.withResolvers<void>()
      // More than may be on its way, so that the upload waits for the server in the midst of it.
      const filling = (async function* () {
        yield X
        sftp.pause()
        full.resolve()
        yield randomBytes(8 * MIB)
      })()
      const upload = storage.writeSnapshot(A, 1, filling, { signal: abort.signal })
      await full.promise
      try {
        const calls = [
          upload,
          storage.generations(abort.signal),
          storage.openSegment(FIRST, abort.signal),
          storage.writeSegment(FIRST, X, abort.signal),
          storage.writeSnapshot(A, 0, chunks([X]), { signal: abort.signal }),
          storage.deleteSegments([FIRST], abort.signal),
          storage.deleteGeneration(A, abort.signal),
          fresh.generations(abort.signal),
        ]
        setImmediate(() => abort.abort())
        const all = Promise.all(calls.map((call) => fails<unknown>(call, 'ERR_CANCELLED')))
        await within('The end of all calls', 15_000, all)
      } finally {
        sftp.resume()
      }
    })

    test('is noticed while nothing is asked of it', async (t) => {
      const storage = open(t, {}, { keepAliveMs: 100 })
      await storage.writeSegment(FIRST, X)
      assert.equal(openSockets(), 1)
      sftp.pause()
      try {
        await waitUntil('The end of the dead connection', () => openSockets() === 0)
      } finally {
        sftp.resume()
      }
      assert.equal((await storage.segments(A)).length, 1)
    })
  })

  test('after close nothing is open, and a call opens a new connection', async (t) => {
    const storage = open(t)
    await storage.writeSegment(FIRST, X)
    assert.equal(openSockets(), 1)
    await storage.close()
    await waitUntil('The end of the connection', () => openSockets() === 0)
    assert.equal((await storage.segments(A)).length, 1)
  })

  test("Nagle's algorithm is off: small writes take a fraction of their time with it", async (t) => {
    const storage = open(t)
    const plain = new SftpClient('plain', {})
    await plain.connect({ host: sftp.host, port: sftp.port, username: sftp.user, password: sftp.password })
    t.after(() => plain.end())
    const position = (index: number) => ({ ...FIRST, index })
    await storage.writeSegment(FIRST, X)
    const ours = await fastest((index) => storage.writeSegment(position(index), X))
    const theirs = await fastest((index) => plain.put(X, `${sftp.home}/plain-${index}`))
    t.diagnostic(`A small write: ${ours.toFixed(1)} ms; with Nagle ${theirs.toFixed(1)} ms`)
    assert(ours * 2 < theirs)
  })

  test('a big snapshot goes through in little memory', async (t) => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const storage = open(t)
    const size = 200
    let most = 0
    const look = () => {
      collectGarbage()
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    async function* body() {
      const piece = Buffer.alloc(MIB)
      for (let sent = 0; sent < size; sent++) {
        if (sent % 10 === 0) look()
        yield piece
      }
    }
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const { sizeBytes } = await storage.writeSnapshot(A, 0, body())
    assert.equal(sizeBytes, size * MIB)
    let read = 0
    for await (const chunk of await storage.openSnapshot(A, 0)) {
      if (Math.floor(read / (10 * MIB)) < Math.floor((read + chunk.length) / (10 * MIB))) look()
      read += chunk.length
    }
    assert.equal(read, size * MIB)
    t.diagnostic(`${size} MiB each way with ${Math.round((most - before) / MIB)} MiB`)
    assert(most - before < 64 * MIB)
  })
})

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

/** The shortest of 20 calls one after the other, in ms: other load cannot make it shorter. */
async function fastest(call: (index: number) => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let index = 0; index < 20; index++) {
    const begin = performance.now()
    await call(index)
    least = Math.min(least, performance.now() - begin)
  }
  return least
}

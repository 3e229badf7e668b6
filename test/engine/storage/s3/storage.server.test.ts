import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { minio, type RunningS3, s3Servers, versitygw } from '../../../servers/s3.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { skipWithout } from '../../../servers/server.ts'
import { type ProxyOptions, startProxy } from '../../../servers/tcp-proxy.ts'
import { addLimitedUser } from '../../../servers/versitygw-user.ts'
import { waitUntil } from '../../../support/wait.ts'
import { chunks, everyCall, fails } from '../contract-tools.ts'
import { s3Options } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')

for (const server of s3Servers) {
  describe(`S3 storage and failures of ${server.name}`, { skip: await skipWithout(server) }, () => {
    let s3: RunningS3
    before(async () => {
      s3 = await server.start()
    })
    after(() => s3.stop())

    const open = (t: TestContext, changes: Partial<S3StorageOptions> = {}) => {
      const storage = new S3Storage(s3Options(s3, changes))
      t.after(() => storage.close())
      return storage
    }
    const startProxyTo = async (t: TestContext, options: ProxyOptions = {}) => {
      const proxy = await startProxy(Number(new URL(s3.endpoint).port), options)
      t.after(() => proxy.close())
      return proxy
    }

    test('a wrong secret is ERR_STORAGE_DENIED, and no message tells it', async (t) => {
      const secretAccessKey = 'not-the-secret-key'
      const storage = open(t, { secretAccessKey })
      for (const call of everyCall(storage).all) {
        const error = await fails<unknown>(call, 'ERR_STORAGE_DENIED', /^S3 refused \w+ of s3:\/\/.*generations\//)
        assert(!error.message.includes(secretAccessKey) && !error.message.includes(s3.secretAccessKey))
      }
    })

    test('an unknown access key is ERR_STORAGE_DENIED', async (t) => {
      const storage = open(t, { accessKeyId: 'nobody' })
      await fails(storage.generations(), 'ERR_STORAGE_DENIED', /^S3 refused LIST .*: check the access key/)
    })

    test('a bucket that is absent is ERR_STORAGE_NO_BUCKET by its name', async (t) => {
      const storage = open(t, { bucket: 'no-such-bucket' })
      for (const call of everyCall(storage).all)
        await fails<unknown>(call, 'ERR_STORAGE_NO_BUCKET', /"no-such-bucket" at http/)
    })

    test('an endpoint where nobody listens is ERR_STORAGE_UNREACHABLE by its name', async (t) => {
      const proxy = await startProxy(0)
      await proxy.close()
      const endpoint = `http://127.0.0.1:${proxy.port}`
      const storage = open(t, { endpoint })
      const message = new RegExp(`^${endpoint} did not serve .* \\(ECONNREFUSED\\)`)
      for (const call of everyCall(storage).all) await fails<unknown>(call, 'ERR_STORAGE_UNREACHABLE', message)
    })

    test('calls to a server that hangs end with their signal', async (t) => {
      const proxy = await startProxyTo(t)
      const storage = open(t, { endpoint: `http://127.0.0.1:${proxy.port}` })
      const abort = new AbortController()
      process.kill(s3.pid, 'SIGSTOP')
      try {
        const calls = everyCall(storage, abort.signal).all
        await waitUntil('A connection for each call', () => proxy.connections === calls.length)
        abort.abort()
        for (const call of calls) await fails<unknown>(call, 'ERR_CANCELLED')
      } finally {
        process.kill(s3.pid, 'SIGCONT')
      }
      await storage.writeSegment(FIRST, X)
    })

    test('a stream whose connection breaks fails with ERR_STORAGE_UNREACHABLE', async (t) => {
      const proxy = await startProxyTo(t)
      const storage = open(t, { endpoint: `http://127.0.0.1:${proxy.port}` })
      await storage.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
      proxy.cutAfter(MIB)
      const stream = await storage.openSnapshot(A, 0)
      await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /00000000\.snapshot\.lz4/)
    })

    // versitygw closes every connection after its answer.
    if (server === minio)
      test('one connection serves all, and one that the server closed is replaced', {
        skip: server !== minio,
      }, async (t) => {
        const proxy = await startProxyTo(t)
        const storage = open(t, { endpoint: `http://127.0.0.1:${proxy.port}` })
        for (let index = 0; index < 5; index++) await storage.writeSegment({ ...FIRST, index }, X)
        assert.equal((await storage.segments(A)).length, 5)
        assert.equal(proxy.connections, 1)
        proxy.dropAll()
        await storage.writeSegment(FIRST, X)
        assert.equal(proxy.connections, 2)
      })

    if (server === versitygw)
      test('a right that is missing is ERR_STORAGE_DENIED, also for one key of a delete', async (t) => {
        const user = await addLimitedUser(s3, 'writer', ['s3:ListBucket', 's3:GetObject', 's3:PutObject'])
        const storage = open(t, { ...user, path: 'limited' })
        await storage.writeSegment(FIRST, X)
        const refused =
          /^S3 refused DELETE of s3:.*\/0000000[01]_00000000\.wal\.lz4 \(AccessDenied\): check the access key/
        await fails(storage.deleteSegments([{ ...FIRST, index: 1 }, FIRST]), 'ERR_STORAGE_DENIED', refused)
        await fails(storage.deleteGeneration(A), 'ERR_STORAGE_DENIED', refused)
        assert.equal((await storage.segments(A)).length, 1)
      })

    test('a clock that is an hour off is corrected by what the service says', async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
      const storage = open(t, { path: 'skewed' })
      await storage.writeSegment(FIRST, X)
      assert.equal((await storage.segments(A)).length, 1)
    })

    test('an unknown certificate is refused unless skipVerify is set', async (t) => {
      const { keyPath, certPath } = selfSigned(s3.dir)
      const proxy = await startProxyTo(t, { tls: { key: readFileSync(keyPath), cert: readFileSync(certPath) } })
      // Without a scheme: https.
      const endpoint = `127.0.0.1:${proxy.port}`
      const strict = open(t, { endpoint })
      await fails(
        strict.generations(),
        'ERR_STORAGE_UNREACHABLE',
        /DEPTH_ZERO_SELF_SIGNED_CERT\): trust its authority with NODE_EXTRA_CA_CERTS/,
      )
      const lenient = open(t, { endpoint, skipVerify: true })
      await lenient.writeSnapshot(A, 1, chunks([randomBytes(9 * MIB)]))
      assert.deepEqual((await lenient.snapshots(A)).at(-1)?.sizeBytes, 9 * MIB)
    })
  })
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type { ErrorCode } from '../../../../engine/errors.ts'
import { AbsStorage } from '../../../../engine/storage/abs/storage.ts'
import type { StorageClient } from '../../../../engine/storage/client.ts'
import type { AbsStorageOptions } from '../../../../engine/storage/options.ts'
import { azureContainer, azurite, type RunningAzure, startAzure } from '../../../servers/azure.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { skipWithout } from '../../../servers/server.ts'
import { startProxy } from '../../../servers/tcp-proxy.ts'
import { waitUntil } from '../../../support/wait.ts'
import { chunks, digest, everyCall, fails, stuckAfter } from '../contract-tools.ts'
import { absOptions, sasToken } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')

describe('Azure Blob Storage and failures of Azurite', { skip: await skipWithout(azurite) }, () => {
  let azure: RunningAzure
  let paths = 0
  before(async () => {
    azure = await startAzure()
  })
  after(() => azure.stop())

  const open = (t: TestContext, changes: Partial<AbsStorageOptions> = {}) => {
    const storage = new AbsStorage(absOptions(azure, { path: `failures/${paths++}`, ...changes }))
    t.after(() => storage.close())
    return storage
  }
  const withToken = (token: string) => ({ accountName: undefined, accountKey: undefined, sasToken: token })
  const startProxyTo = async (t: TestContext) => {
    const proxy = await startProxy(Number(new URL(azure.endpoint).port))
    t.after(() => proxy.close())
    return { proxy, endpoint: `http://127.0.0.1:${proxy.port}/${azure.accountName}` }
  }

  /** Every call fails so, and neither message nor what is attached to the error has one of the secrets. */
  async function allFail(storage: StorageClient, code: ErrorCode, message: RegExp, secrets: readonly string[]) {
    for (const call of everyCall(storage).all) {
      const error = await fails<unknown>(call, code, message)
      const all = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
      for (const secret of secrets) assert(!all.includes(secret), all)
    }
  }

  test('a wrong key is ERR_STORAGE_DENIED, and nothing in the error tells it', async (t) => {
    const accountKey = randomBytes(64).toString('base64')
    const refused =
      /^Azure refused \w+ of abs:\/\/wherrytest@wherry-test\/failures\/.* \(403 \w+\): check account-name and account-key/
    await allFail(open(t, { accountKey }), 'ERR_STORAGE_DENIED', refused, [accountKey, azure.accountKey])
  })

  test('an account that is absent is ERR_STORAGE_NO_BUCKET', async (t) => {
    const endpoint = azure.endpoint.replace(/\w+$/, 'nobody')
    const storage = open(t, { accountName: 'nobody', endpoint })
    await allFail(storage, 'ERR_STORAGE_NO_BUCKET', /correct its name or the account's$/, [azure.accountKey])
  })

  test('a container that is absent, or cannot be, is ERR_STORAGE_NO_BUCKET by its name', async (t) => {
    for (const bucket of ['no-such-container', 'Not_A_Name']) {
      const message = new RegExp(`^There is no container "${bucket}" at http`)
      await allFail(open(t, { bucket }), 'ERR_STORAGE_NO_BUCKET', message, [azure.accountKey])
    }
  })

  test('an expired SAS token is ERR_STORAGE_DENIED with its time, and nothing in the error tells it', async (t) => {
    const token = sasToken(azure, 'rcwdl', new Date(Date.now() - 60_000))
    const signature = new URLSearchParams(token).get('sig') ?? assert.fail('no signature')
    const secrets = [signature, encodeURIComponent(signature), token]
    const refused = /^Azure refused .* \(403 \w+\): the SAS token expired at \d{4}-\d\d-\d\dT[\d:.]+Z$/
    await allFail(open(t, withToken(token)), 'ERR_STORAGE_DENIED', refused, secrets)
  })

  test('a SAS token to append: writes, reads and lists work, deletes are refused', async (t) => {
    const path = 'append-only'
    const storage = open(t, { path, ...withToken(sasToken(azure, 'rcwl')) })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(9 * MIB)]))
    await storage.writeSegment(FIRST, X)
    assert.deepEqual(await storage.generations(), [A])
    assert.equal((await buffer(await storage.openSegment(FIRST))).toString(), 'x')
    // With "w" Azure lets it replace what is there: append-only is no protection against overwriting.
    await storage.writeSegment(FIRST, Buffer.from('replaced'))
    assert.equal((await buffer(await storage.openSegment(FIRST))).toString(), 'replaced')
    const refused =
      /^Azure refused DELETE of abs:.* \(403 AuthorizationPermissionMismatch\): the SAS token permits "rcwl" and needs "d" too$/
    await fails(storage.deleteSegments([FIRST]), 'ERR_STORAGE_DENIED', refused)
    await fails(storage.deleteSnapshots(A, [0]), 'ERR_STORAGE_DENIED', refused)
    await fails(storage.deleteGeneration(A), 'ERR_STORAGE_DENIED', refused)
    assert.equal((await storage.snapshots(A)).length, 1)
    assert.equal((await storage.segments(A)).length, 1)
  })

  for (const [permissions, refused, message] of [
    ['rl', 'writes', /permits "rl" and needs "cw" too$/],
    ['rcwd', 'lists', /permits "rcwd" and needs "l" too$/],
  ] as const) {
    test(`a SAS token with ${permissions} is refused for ${refused}`, async (t) => {
      const path = `limited-${permissions}`
      await open(t, { path }).writeSegment(FIRST, X)
      const storage = open(t, { path, ...withToken(sasToken(azure, permissions)) })
      assert.equal((await buffer(await storage.openSegment(FIRST))).toString(), 'x')
      const calls =
        refused === 'lists'
          ? [storage.generations(), storage.segments(A), storage.deleteGeneration(A)]
          : [storage.writeSegment(FIRST, X), storage.writeSnapshot(A, 0, chunks([randomBytes(9 * MIB)]))]
      for (const call of calls) call.catch(() => {})
      for (const call of calls) await fails<unknown>(call, 'ERR_STORAGE_DENIED', message)
    })
  }

  test('keys are below the path, which is cleaned as Litestream cleans it', async (t) => {
    const below = { 'p/a': 'p/a/', 'p/b/': 'p/b/', 'p//c': 'p/c/', '/p/d': '/p/d/', '': '', '.': '' }
    for (const [path, prefix] of Object.entries(below)) {
      const storage = open(t, { path })
      await storage.writeSegment(FIRST, Buffer.from(path))
      assert.deepEqual(await storage.generations(), [A])
      const blob = azureContainer(azure).getBlobClient(`${prefix}generations/${A}/wal/00000000_00000000.wal.lz4`)
      assert.equal((await blob.downloadToBuffer()).toString(), path)
      await storage.deleteGeneration(A)
    }
  })

  test('blobs have the content type that Litestream gives them, in one request or in blocks', async (t) => {
    const path = 'content-type'
    const storage = open(t, { path })
    await storage.writeSegment(FIRST, X)
    for (const [index, size] of [1, 9 * MIB].entries()) {
      await storage.writeSnapshot(A, index, chunks([Buffer.alloc(size)]))
    }
    const types: (string | undefined)[] = []
    for await (const { properties } of azureContainer(azure).listBlobsFlat({ prefix: path })) {
      types.push(properties.contentType)
    }
    assert.deepEqual(
      types,
      Array.from({ length: 3 }, () => 'application/octet-stream'),
    )
  })

  test('an endpoint where nobody listens is ERR_STORAGE_UNREACHABLE by its name', async (t) => {
    const proxy = await startProxy(0)
    await proxy.close()
    const endpoint = `http://127.0.0.1:${proxy.port}/${azure.accountName}`
    const token = sasToken(azure, 'rcwdl')
    const message = new RegExp(`^${endpoint} did not serve .* \\(ECONNREFUSED\\)`)
    const secrets = [new URLSearchParams(token).get('sig') ?? '', 'sig=']
    await allFail(open(t, { endpoint, ...withToken(token) }), 'ERR_STORAGE_UNREACHABLE', message, secrets)
  })

  test('an unknown certificate is ERR_STORAGE_UNREACHABLE', async (t) => {
    const { keyPath, certPath } = selfSigned(azure.dir)
    const tls = { key: readFileSync(keyPath), cert: readFileSync(certPath) }
    const proxy = await startProxy(Number(new URL(azure.endpoint).port), { tls })
    t.after(() => proxy.close())
    // Without a scheme: https.
    const storage = open(t, { endpoint: `127.0.0.1:${proxy.port}/${azure.accountName}` })
    await fails(storage.generations(), 'ERR_STORAGE_UNREACHABLE', /DEPTH_ZERO_SELF_SIGNED_CERT/)
  })

  test('calls to a server that hangs end with their signal', async (t) => {
    const { proxy, endpoint } = await startProxyTo(t)
    const storage = open(t, { endpoint })
    const abort = new AbortController()
    process.kill(azure.pid, 'SIGSTOP')
    try {
      const calls = everyCall(storage, abort.signal).all
      await waitUntil('A connection for each call', () => proxy.connections >= calls.length)
      abort.abort()
      for (const call of calls) await fails<unknown>(call, 'ERR_CANCELLED')
    } finally {
      process.kill(azure.pid, 'SIGCONT')
    }
    await storage.writeSegment(FIRST, X)
  })

  test('a stream whose connection breaks fails with ERR_STORAGE_UNREACHABLE, and is not asked for again', async (t) => {
    const { proxy, endpoint } = await startProxyTo(t)
    const storage = open(t, { endpoint })
    await storage.writeSnapshot(A, 0, chunks([randomBytes(7 * MIB)]))
    const before = proxy.connections
    proxy.cutAfter(MIB)
    const stream = await storage.openSnapshot(A, 0)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /00000000\.snapshot\.lz4 \(the connection broke\)/)
    assert.equal(proxy.connections, before)
  })

  test('one connection serves all, and one that the server closed is replaced', async (t) => {
    const { proxy, endpoint } = await startProxyTo(t)
    const storage = open(t, { endpoint })
    for (let index = 0; index < 5; index++) await storage.writeSegment({ ...FIRST, index }, X)
    assert.equal((await storage.segments(A)).length, 5)
    assert.equal(proxy.connections, 1)
    proxy.dropAll()
    await storage.writeSegment(FIRST, X)
    assert.equal(proxy.connections, 2)
  })

  test('an upload after one that was aborted is whole, and drops the blocks that the other left', async (t) => {
    const path = 'aborted'
    const storage = open(t, { path })
    const left = async (state: 'committed' | 'uncommitted') => {
      const blob = azureContainer(azure).getBlockBlobClient(`${path}/generations/${A}/snapshots/00000000.snapshot.lz4`)
      const list = await blob.getBlockList('all')
      return (state === 'committed' ? list.committedBlocks : list.uncommittedBlocks)?.length ?? 0
    }
    const abort = new AbortController()
    const body = stuckAfter(25 * MIB, () => abort.abort())
    await fails(storage.writeSnapshot(A, 0, body.chunks, { signal: abort.signal }), 'ERR_CANCELLED')
    assert.deepEqual(await storage.snapshots(A), [])
    assert((await left('uncommitted')) > 0)
    body.release()
    const whole = randomBytes(17 * MIB)
    const { sizeBytes } = await storage.writeSnapshot(A, 0, chunks([whole]))
    assert.equal(sizeBytes, whole.length)
    assert.equal(await digest(await storage.openSnapshot(A, 0)), await digest(Readable.from([whole])))
    assert.deepEqual([await left('committed'), await left('uncommitted')], [3, 0])
  })
})

import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { hasCode, WherryError } from '../../../engine/errors.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../../engine/options.ts'
import type { StorageOptions } from '../../../engine/storage/options.ts'
import { EngineThread } from '../../../engine/worker/engine-thread.ts'
import { startApp } from '../../support/app-process.ts'
import { assertSameDatabase } from '../../support/compare.ts'
import type { LogLine } from '../../support/log-lines.ts'
import { sandbox } from '../../support/sandbox.ts'
import { silentS3 } from '../../support/silent-s3.ts'
import { within } from '../../support/wait.ts'

function begin(t: TestContext) {
  const box = sandbox(t)
  const lines: LogLine[] = []
  let worker: Worker | undefined
  process.once('worker', (created) => {
    worker = created
  })
  const thread = new EngineThread((level, message, fields) => lines.push({ level, message, fields }))
  t.after(() => thread.close(AbortSignal.abort()).catch(() => {}))
  const storage: StorageOptions = { type: 'file', path: box.path('replica') }
  const database = (path: string, where: StorageOptions = storage): DatabaseOptions => ({
    path,
    metaPath: `${path}-meta`,
    ...databaseDefaults,
    replicas: [{ name: 'main', storage: where, ...replicaDefaults, syncIntervalMs: 20 }],
  })
  return { box, lines, thread, storage, database, worker: () => worker ?? assert.fail('No worker was started') }
}

async function filled(t: TestContext, path: string): Promise<void> {
  const app = await startApp(t, path)
  await app.exec('CREATE TABLE blobs (content BLOB); INSERT INTO blobs VALUES (randomblob(1000))')
}

test('A whole life: start, status, sync, close, and a restore in another thread', async (t) => {
  const { box, lines, thread, storage, database } = begin(t)
  const path = box.path('app.db')
  await filled(t, path)
  await thread.start([database(path)])
  await thread.whenSynced(AbortSignal.timeout(15_000))
  const [status] = await thread.status()
  assert.equal(status?.path, path)
  assert.ok(status?.position)
  assert.deepEqual(
    status.replicas.map(({ name, type, isSynced, lastError }) => ({ name, type, isSynced, lastError })),
    [{ name: 'main', type: 'file', isSynced: true, lastError: undefined }],
  )
  const isSnapshot = ({ level, message, fields }: LogLine): boolean =>
    level === 'info' && message === 'snapshot written' && fields.db === path
  assert.ok(lines.some(isSnapshot))
  await thread.close(AbortSignal.timeout(15_000))
  assert.equal(await thread.ended, undefined)

  const other = begin(t).thread
  const outputPath = box.path('restored.db')
  const result = await other.restore([{ name: 'main', storage }], { outputPath })
  assert.equal(result.generation, status.position?.generation)
  assert.ok(result.updatedAt instanceof Date && result.bytesWritten === statSync(outputPath).size)
  assertSameDatabase(outputPath, path)
})

test('Errors cross with their code and message, and the thread lives on', async (t) => {
  const { box, thread, storage, database } = begin(t)
  writeFileSync(box.path('bad.db'), 'This is no database')
  await assert.rejects(thread.start([database(box.path('bad.db'))]), (error) => {
    assert.ok(error instanceof WherryError)
    assert.equal(error.code, 'ERR_DATABASE_INVALID')
    assert.ok(error.message.includes(box.path('bad.db')))
    assert.match(error.stack ?? '', /engine\/sqlite/, 'Where it was thrown in the thread')
    return true
  })
  const outputPath = box.path('restored.db')
  const restoring = thread.restore([{ name: 'main', storage }], { outputPath })
  await assert.rejects(restoring, (error) => hasCode(error, 'ERR_NO_BACKUP'))
  // Misuse has no code, and comes back as a plain error.
  const misuse = thread.restore(undefined as unknown as [], { outputPath })
  await assert.rejects(misuse, (error) => error instanceof Error && !(error instanceof WherryError))
  assert.deepEqual(await thread.status(), [])
  assert.equal((await thread.inspect(box.path('bad.db'))).kind, 'invalid')
  await thread.stop(box.path('bad.db'))
})

test('A call is cancelled by its signal, also when that was aborted before', async (t) => {
  const { box, thread, database } = begin(t)
  const silent = await silentS3(t)
  await filled(t, box.path('app.db'))
  await thread.start([database(box.path('app.db'), silent)])
  const patience = new AbortController()
  const outputPath = box.path('restored.db')
  const syncing = thread.whenSynced(patience.signal)
  const restoring = thread.restore([{ name: 'main', storage: silent }], { outputPath }, patience.signal)
  assert.equal((await thread.status()).length, 1, 'Answered while others wait')
  patience.abort()
  const isCancelled = (error: unknown): boolean => hasCode(error, 'ERR_CANCELLED')
  const calls: Promise<unknown>[] = [syncing, restoring, thread.whenSynced(patience.signal)]
  const ended = calls.map((call) => assert.rejects(call, isCancelled))
  await within('The end of cancelled calls', 10_000, Promise.all(ended))
  assert.equal(existsSync(outputPath), false)
  const closing = thread.close(AbortSignal.timeout(100))
  await assert.rejects(closing, (error) => hasCode(error, 'ERR_NOT_DURABLE') && error.message.includes('app.db'))
  assert.equal(await thread.ended, undefined, 'It was closed, though in vain')
})

/** How a thread may die. */
const deaths: Record<string, { kill: (worker: Worker) => void; message: RegExp }> = {
  'by an error that nobody catches': {
    kill: (worker) => worker.postMessage(null),
    message: /^The engine's thread ended: .+/,
  },
  'by being terminated': { kill: (worker) => void worker.terminate(), message: /^The engine's thread ended$/ },
}

for (const [how, { kill, message }] of Object.entries(deaths)) {
  test(`A thread that dies ${how} rejects all calls, and says that it ended`, async (t) => {
    const { box, thread, database, worker } = begin(t)
    await filled(t, box.path('app.db'))
    await thread.start([database(box.path('app.db'), await silentS3(t))])
    const isDeath = (error: unknown): boolean => hasCode(error, 'ERR_ENGINE_DIED') && message.test(error.message)
    const pending = [thread.whenSynced(), thread.whenSynced(AbortSignal.timeout(60_000))].map((call) =>
      assert.rejects(within('The end of a pending call', 10_000, call), isDeath),
    )
    kill(worker())
    await Promise.all(pending)
    assert.ok(isDeath(await within('The end of the thread', 10_000, thread.ended)))
    await assert.rejects(thread.status(), isDeath)
    await assert.rejects(thread.close(), isDeath)
    assert.ok(isDeath(await thread.ended))
  })
}

test('After close calls are refused, and closing again is no error', async (t) => {
  const { thread } = begin(t)
  await thread.start([])
  await thread.close()
  assert.equal(await thread.ended, undefined)
  await assert.rejects(thread.status(), (error) => hasCode(error, 'ERR_ENGINE_DIED'))
  await thread.close()
  assert.equal(await thread.ended, undefined)
})

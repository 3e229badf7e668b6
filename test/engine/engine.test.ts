import assert from 'node:assert/strict'
import { readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { Engine } from '../../engine/engine.ts'
import { hasCode } from '../../engine/errors.ts'
import { type DatabaseOptions, databaseDefaults, type ReplicaOptions, replicaDefaults } from '../../engine/options.ts'
import { restoreFrom } from '../../engine/restore/restore-from.ts'
import type { StorageOptions } from '../../engine/storage/options.ts'
import { startApp } from '../support/app-process.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { type LogLine, logLines } from '../support/log-lines.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { silentS3 } from '../support/silent-s3.ts'
import { waitUntil } from '../support/wait.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

function databaseAt(box: Sandbox, name: string, storages: readonly StorageOptions[]): DatabaseOptions {
  const path = box.path(name)
  const replicas = storages.map(
    (storage, number): ReplicaOptions => ({ name: `r${number}`, storage, ...replicaDefaults, syncIntervalMs: 20 }),
  )
  return { path, metaPath: `${path}-meta`, ...databaseDefaults, monitorIntervalMs: 20, replicas }
}

function fileAt(box: Sandbox, name: string): StorageOptions {
  return { type: 'file', path: box.path('replicas', name) }
}

function newEngine(): { engine: Engine; lines: LogLine[] } {
  const lines: LogLine[] = []
  const engine = new Engine((level, message, fields) => lines.push({ level, message, fields }))
  return { engine, lines }
}

async function assertRestorable(box: Sandbox, storage: StorageOptions, path: string): Promise<void> {
  const outputPath = box.path(`restored-${performance.now()}.db`)
  const signal = AbortSignal.timeout(30_000)
  await restoreFrom([{ name: 'r', storage }], { outputPath }, logLines().logger, signal)
  assertSameDatabase(outputPath, path)
}

async function makeApp(t: TestContext, path: string) {
  const app = await startApp(t, path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  return app
}

/** Descriptors of this process, by what they lead to. */
function descriptors(): string[] {
  const names = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '')]
    } catch {
      return [] // the one that lists
    }
  })
  return names.filter((name) => !name.startsWith('anon_inode')).sort()
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

test('Several databases with several replicas each; a replica that never answers delays none of the others', async (t) => {
  const box = sandbox(t)
  const { engine } = newEngine()
  const silent = await silentS3(t)
  const one = databaseAt(box, 'one.db', [silent, fileAt(box, 'one-a'), fileAt(box, 'one-b')])
  const two = databaseAt(box, 'two.db', [fileAt(box, 'two')])
  const apps = [await makeApp(t, one.path), await makeApp(t, two.path)]
  await engine.start([one, two])
  for (const app of apps) await app.repeat(50, insert)
  const isSynced = () => engine.status.flatMap(({ replicas }) => replicas.map((replica) => replica.isSynced))
  await waitUntil('All but the silent one', () => isSynced().filter((synced) => synced).length === 3)
  assert.deepEqual(
    engine.status.map(({ path, replicas }) => [path, replicas.map(({ name, type }) => `${name} ${type}`)]),
    [
      [one.path, ['r0 s3', 'r1 file', 'r2 file']],
      [two.path, ['r0 file']],
    ],
  )
  for (const app of apps) await app.exec(insert)

  const failure = await engine.close(AbortSignal.timeout(500)).then(
    () => assert.fail('It ended well'),
    (error: unknown) => error,
  )
  assert.ok(hasCode(failure, 'ERR_NOT_DURABLE'), String(failure))
  assert.ok(failure.message.includes(one.path) && failure.message.includes('replica r0'), failure.message)
  for (const name of ['one-a', 'one-b']) await assertRestorable(box, fileAt(box, name), one.path)
  await assertRestorable(box, fileAt(box, 'two'), two.path)
})

test('whenSynced means all that was committed before the call, whether it was noticed or not', async (t) => {
  const box = sandbox(t)
  const { engine } = newEngine()
  const options = { ...databaseAt(box, 'app.db', [fileAt(box, 'a'), fileAt(box, 'b')]), monitorIntervalMs: 3_600_000 }
  const app = await makeApp(t, options.path)
  await engine.start([options])
  await engine.whenSynced(AbortSignal.timeout(15_000))
  for (let round = 0; round < 10; round++) {
    await app.exec(`${insert}; DELETE FROM blobs WHERE rowid % 3 = 0; ${insert}`)
    await engine.whenSynced(AbortSignal.timeout(15_000))
    for (const name of ['a', 'b']) await assertRestorable(box, fileAt(box, name), options.path)
  }
  await engine.close(AbortSignal.timeout(15_000))
})

test('whenSynced ends under a steady stream of commits', async (t) => {
  const box = sandbox(t)
  const { engine } = newEngine()
  const options = databaseAt(box, 'app.db', [fileAt(box, 'a')])
  const app = await makeApp(t, options.path)
  await engine.start([options])
  let isDone = false
  const stream = (async () => {
    while (!isDone) await app.exec(insert)
  })()
  for (let round = 0; round < 5; round++) await engine.whenSynced(AbortSignal.timeout(15_000))
  isDone = true
  await stream
  await engine.close(AbortSignal.timeout(15_000))
  await assertRestorable(box, fileAt(box, 'a'), options.path)
})

test('whenSynced rejects when the storage refuses, and when the caller gives up', async (t) => {
  const box = sandbox(t)
  const { engine } = newEngine()
  writeFileSync(box.path('a-file'), '')
  const refusing = databaseAt(box, 'app.db', [{ type: 'file', path: box.path('a-file', 'replica') }])
  await makeApp(t, refusing.path)
  await engine.start([refusing])
  await assert.rejects(engine.whenSynced(AbortSignal.timeout(15_000)), (error) => hasCode(error, 'ERR_STORAGE_LOCAL'))
  await assert.rejects(engine.close(AbortSignal.abort()), (error) => hasCode(error, 'ERR_NOT_DURABLE'))

  const other = newEngine()
  const silent = databaseAt(box, 'other.db', [await silentS3(t)])
  await makeApp(t, silent.path)
  await other.engine.start([silent])
  await assert.rejects(other.engine.whenSynced(AbortSignal.abort(new Error('No time'))), /No time/)
  await assert.rejects(other.engine.close(AbortSignal.abort()), (error) => hasCode(error, 'ERR_NOT_DURABLE'))
})

test('After close nothing is left: no descriptor, no timer, no process; the WAL stays', async (t) => {
  const box = sandbox(t)
  const warmUp = newEngine() // modules and the SDK open what they open once
  const silent = await silentS3(t)
  await warmUp.engine.start([databaseAt(box, 'none.db', [silent, fileAt(box, 'none')])])
  await warmUp.engine.close(AbortSignal.abort())
  const path = box.path('app.db')
  const app = await makeApp(t, path)
  const before = { descriptors: descriptors(), timers: timers() }
  for (let round = 0; round < 3; round++) {
    const { engine } = newEngine()
    await engine.start([
      databaseAt(box, 'app.db', [silent, fileAt(box, 'a')]),
      databaseAt(box, 'missing.db', [fileAt(box, 'missing')]),
    ])
    await app.exec(insert)
    assert.ok(descriptors().includes(path))
    await assert.rejects(engine.close(AbortSignal.timeout(300)), (error) => hasCode(error, 'ERR_NOT_DURABLE'))
  }
  const isBack = () => JSON.stringify({ descriptors: descriptors(), timers: timers() }) === JSON.stringify(before)
  await waitUntil('As it was', isBack, { explain: () => `${before.timers} ${timers()} ${descriptors()}` })
  assert.ok(statSync(`${path}-wal`).size > 0)
  await assertRestorable(box, fileAt(box, 'a'), path)
})

test('A database that is none fails the start by its name, and the one before it goes on', async (t) => {
  const box = sandbox(t)
  const { engine } = newEngine()
  const good = databaseAt(box, 'good.db', [fileAt(box, 'good')])
  const bad = databaseAt(box, 'bad.db', [fileAt(box, 'bad')])
  await makeApp(t, good.path)
  writeFileSync(bad.path, 'This is no database')
  const isNamed = (error: unknown) => hasCode(error, 'ERR_DATABASE_INVALID') && error.message.includes(bad.path)
  await assert.rejects(engine.start([good, bad]), isNamed)
  assert.deepEqual(
    engine.status.map(({ path }) => path),
    [good.path],
  )
  await engine.close(AbortSignal.timeout(5000))
  await assertRestorable(box, fileAt(box, 'good'), good.path)
})

test('Log lines carry the database and the replica that they are about', async (t) => {
  const box = sandbox(t)
  const { engine, lines } = newEngine()
  const options = databaseAt(box, 'app.db', [fileAt(box, 'a')])
  await makeApp(t, options.path)
  await engine.start([options])
  await engine.whenSynced(AbortSignal.timeout(15_000))
  await engine.close(AbortSignal.timeout(15_000))
  const fieldsOf = (message: string) => lines.find((line) => line.message === message)?.fields
  assert.equal(fieldsOf('sync: new generation')?.db, options.path)
  assert.equal(fieldsOf('snapshot written')?.db, options.path)
  assert.equal(fieldsOf('snapshot written')?.replica, 'r0')
})

test('A database that somebody keeps locked is not taken for synced, and is when it is let go', async (t) => {
  const box = sandbox(t)
  const database = databaseAt(box, 'app.db', [fileAt(box, 'r')])
  const app = await startApp(t, database.path, 'PRAGMA locking_mode = exclusive')
  await app.exec('CREATE TABLE t (x)')
  const { engine } = newEngine()
  await engine.start([database])
  assert.deepEqual(
    engine.status.map(({ position, isBlocked }) => [position, isBlocked]),
    [[undefined, true]],
  )
  await assert.rejects(engine.whenSynced(AbortSignal.timeout(300)))
  const synced = engine.whenSynced(AbortSignal.timeout(15_000))
  await app.close()
  await synced
  assert.equal(engine.status[0]?.isBlocked, false)
  await engine.close(AbortSignal.timeout(5000))
})

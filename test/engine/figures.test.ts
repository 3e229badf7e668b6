import assert from 'node:assert/strict'
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { type DatabaseStatus, Engine } from '../../engine/engine.ts'
import { frameSize, WAL_HEADER_SIZE } from '../../engine/format/wal.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../engine/options.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'

const PAGE = 4096

interface Scene {
  readonly engine: Engine
  readonly app: Database.Database
  readonly path: string
  readonly replicaPath: string
  status(): DatabaseStatus
  synced(): Promise<void>
}

async function scene(t: TestContext, changes: Partial<DatabaseOptions> = {}): Promise<Scene> {
  const box: Sandbox = sandbox(t)
  const [path, replicaPath] = [box.path('app.db'), box.path('replica')]
  const app = new Database(path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE notes (text TEXT)')
  const engine = new Engine(() => {})
  t.after(() => engine.close(AbortSignal.abort()).catch(() => {}))
  const replica = {
    name: 'r0',
    storage: { type: 'file', path: replicaPath },
    ...replicaDefaults,
    syncIntervalMs: 10,
  } as const
  const metaPath = box.path('.app.db-wherry')
  await engine.start([{ ...databaseDefaults, path, metaPath, monitorIntervalMs: 20, ...changes, replicas: [replica] }])
  return {
    engine,
    app,
    path,
    replicaPath,
    status: () => engine.status[0] ?? assert.fail('One database'),
    synced: () => engine.whenSynced(AbortSignal.timeout(15_000)),
  }
}

function replicaOf({ replicas }: DatabaseStatus) {
  const [replica = assert.fail('One replica')] = replicas
  return replica
}

/** Bytes of all files below a folder. */
function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}

test('Sizes are those of the files; what is copied is stored, and all of it counts', async (t) => {
  const { app, path, replicaPath, status, synced } = await scene(t)
  await synced()
  const before = status()
  for (let row = 0; row < 20; row++) {
    app.exec("INSERT INTO notes VALUES ('a note')")
    await synced()
  }
  const { figures } = status()
  const { shippedBytes, operations, lastSnapshot, lastSyncAt = 0, failures } = replicaOf(status()).figures
  assert.equal(figures.sizeBytes, statSync(path).size)
  assert.equal(figures.walSizeBytes, statSync(`${path}-wal`).size)
  assert.equal(figures.copiedBytes - before.figures.copiedBytes, 20 * frameSize(PAGE))
  assert.equal(figures.copiedBytes % frameSize(PAGE), 0, 'No header is counted')
  assert.equal(shippedBytes - replicaOf(before).figures.shippedBytes, 20 * frameSize(PAGE))
  assert.equal(shippedBytes % frameSize(PAGE), WAL_HEADER_SIZE, 'A header is counted')
  assert.equal(operations.PUT.bytes, bytesIn(replicaPath))
  assert.ok(operations.PUT.count >= 21, 'A snapshot, and a segment a commit')
  assert.ok(lastSnapshot && lastSnapshot.sizeBytes > 0 && Math.abs(lastSnapshot.at - Date.now()) < 60_000)
  assert.ok(Math.abs(lastSyncAt - Date.now()) < 60_000)
  assert.deepEqual(failures, {})
  assert.ok(figures.syncs.count > 20 && figures.syncs.ms > 0)
  assert.equal(figures.syncs.errors, 0)
  assert.equal(figures.spoolBytes, 0)
  assert.equal(figures.spoolLimitBytes, databaseDefaults.spoolLimitBytes)
  assert.deepEqual(structuredClone(status()).figures, status().figures)
})

test('Checkpoints are counted and timed; the header of each WAL is stored too', async (t) => {
  const { app, status, synced } = await scene(t, { minCheckpointPageCount: 10 })
  await synced()
  const before = status()
  const enough = async () => {
    app.exec('INSERT INTO notes VALUES (randomblob(20000))')
    await synced()
    return (status().position?.index ?? 0) >= 3
  }
  await waitUntil('Three checkpoints', enough)
  // A checkpoint may leave a row at any time: one look at which all that was copied is stored.
  const look = (): DatabaseStatus | false => {
    const seen = status()
    return replicaOf(seen).isSynced && seen
  }
  const after = await waitUntil('All to be stored', look, { everyMs: 1 })
  const { figures, position } = after
  const { count, errors, ms, lastMs = 0 } = figures.checkpoints
  assert.ok(count >= 3)
  assert.equal(errors, 0)
  assert.ok(lastMs > 0 && ms >= lastMs)
  const headers = (position?.index ?? 0) - (before.position?.index ?? 0)
  assert.ok(headers > 0)
  assert.equal(
    replicaOf(after).figures.shippedBytes - replicaOf(before).figures.shippedBytes,
    figures.copiedBytes - before.figures.copiedBytes + headers * WAL_HEADER_SIZE,
  )
})

test('What fails is counted by code, and what waits is in the spool', async (t) => {
  const { app, replicaPath, status, synced } = await scene(t)
  await synced()
  const before = replicaOf(status()).figures
  renameSync(replicaPath, `${replicaPath}.away`)
  writeFileSync(replicaPath, '')
  app.exec("INSERT INTO notes VALUES ('a note')")
  const failed = async () => (replicaOf(status()).figures.failures.ERR_STORAGE_LOCAL ?? 0) >= 2
  await waitUntil('Two failures', failed)
  const { figures, replicas } = status()
  assert.ok(figures.spoolBytes > 0)
  const [replica = assert.fail()] = replicas
  assert.ok((replica.figures.operations.PUT.failures.ERR_STORAGE_LOCAL ?? 0) >= 2)
  assert.equal(replica.figures.operations.PUT.count, before.operations.PUT.count)
  assert.equal(replica.figures.lastSyncAt, before.lastSyncAt)
  rmSync(replicaPath)
  renameSync(`${replicaPath}.away`, replicaPath)
  await waitUntil('All to be stored', () => replicaOf(status()).isSynced)
  assert.equal(status().figures.spoolBytes, 0)
  assert.ok((replicaOf(status()).figures.lastSyncAt ?? 0) > (before.lastSyncAt ?? 0))
})

test('A database that is not there has no sizes', async (t) => {
  const { engine, path, app, status } = await scene(t)
  await engine.close(AbortSignal.timeout(15_000))
  app.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  await engine.start([{ ...databaseDefaults, path, metaPath: `${path}-meta`, replicas: [] }])
  const { sizeBytes, walSizeBytes, copiedBytes, checkpoints } = status().figures
  assert.deepEqual([sizeBytes, walSizeBytes, copiedBytes], [undefined, undefined, 0])
  assert.deepEqual(checkpoints, { count: 0, errors: 0, ms: 0, lastMs: undefined })
})

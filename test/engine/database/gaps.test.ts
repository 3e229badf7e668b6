/** Ways in which a history could lose a stretch and still look whole. After each, a restore equals the database. */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Database } from '../../../engine/database/database.ts'
import { Logger } from '../../../engine/log.ts'
import { databaseDefaults } from '../../../engine/options.ts'
import { startApp } from '../../support/app-process.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable } from '../../support/watched-storage.ts'

const insert = 'INSERT INTO t (x) VALUES (randomblob(1000))'

test('A WAL that was back-filled while the engine was down is copied whole, however full the spool', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  await unit.synced()
  await unit.stop()
  // More than one read of the WAL; then all of it is in the file, so that the next commit restarts it.
  await app.repeat(3000, insert)
  await app.exec('PRAGMA wal_checkpoint(PASSIVE)')
  const gate = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200))
  await unit.start(([storage]) => storage && Object.assign(storage, { gate }), { database: { spoolLimitBytes: 1024 } })
  await app.exec(insert)
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
})

test('A generation that could not begin leaves no way back to the old one', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  await unit.synced()
  // A writer that does not let go keeps the new generation from beginning; then it checkpoints behind the engine's back.
  await app.exec(`BEGIN IMMEDIATE; ${insert}`)
  const generation = unit.database.position?.generation ?? ''
  await assert.rejects(unit.database.startGeneration(generation, 'because the test says so'), /locked by another/)
  await app.exec('COMMIT')
  await app.exec('PRAGMA busy_timeout = 20')
  for (let round = 0; round < 10; round++) {
    await app.exec(insert)
    await app.exec('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
  }
  await unit.synced()
  assert.notEqual(unit.database.position?.generation, generation)
  await unit.stop()
  await unit.assertRestorable()
})

test('A position that cannot be saved costs nothing', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  // A link that leads nowhere: there is nothing to read, and nothing can be written.
  mkdirSync(unit.metaPath)
  symlinkSync('/nonexistent/folder/position', join(unit.metaPath, 'position'))
  await unit.start()
  await app.repeat(10, insert)
  await unit.logged('position cannot be saved, the next start may need a new generation')
  await app.repeat(10, insert)
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
})

test('A second engine on the same database waits for the first one to end', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  await unit.synced()
  const lines: string[] = []
  const { path, metaPath } = unit
  const options = { path, metaPath, ...databaseDefaults, monitorIntervalMs: 20, replicas: [] }
  const second = new Database(options, new Logger((_, message, { error }) => lines.push(`${message}: ${error}`)))
  await second.start()
  assert.match(lines.join('\n'), /Another engine replicates .*app\.db/)
  const isOpen = (): boolean => second.position !== undefined
  assert.equal(isOpen(), false)
  const generation = unit.database.position?.generation
  await unit.stop()
  await waitUntil('The second engine', isOpen)
  assert.deepEqual(second.position?.generation, generation)
  await second.close()
})

test('A database that takes the place of another one is replicated as itself', async (t) => {
  // No poll: only the copy itself can notice.
  const unit = new Unit(t, { database: { monitorIntervalMs: 3_600_000 } })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  await unit.synced()
  await app.kill()
  const other = await startApp(t, unit.box.path('other.db'))
  await other.exec('CREATE TABLE u (y); INSERT INTO u VALUES (1)')
  await other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  await other.kill()
  for (const suffix of ['', '-wal', '-shm']) rmSync(unit.path + suffix, { force: true })
  renameSync(unit.box.path('other.db'), unit.path)
  const next = await startApp(t, unit.path)
  await next.exec('INSERT INTO u VALUES (2)')
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
})

test('A replica that was emptied is noticed by retention, and begun again', async (t) => {
  const unit = new Unit(t, { replicas: [{ retentionMs: 3_600_000, retentionCheckIntervalMs: 50 }] })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  await app.repeat(5, insert)
  await unit.synced()
  rmSync(unit.replicaPath(), { recursive: true })
  await unit.logged('the newest snapshot is gone from the replica, beginning again')
  await app.repeat(5, insert)
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
})

test('A replica that fails gives its backlog up when the spool is full, and the other one goes on', async (t) => {
  const unit = new Unit(t, { database: { spoolLimitBytes: 100_000 }, replicas: [{}, {}] })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE t (x)')
  await unit.start()
  for (const number of [0, 1]) await unit.synced(number)
  let isDead = true
  unit.storage.gate = () => void (isDead && unreachable())
  for (let burst = 0; burst < 20; burst++) {
    await app.repeat(10, insert)
    await unit.synced(1)
  }
  await unit.logged('replica is too far behind, it will begin again with a snapshot')
  await unit.assertRestorable(1)
  isDead = false
  await unit.synced(0)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

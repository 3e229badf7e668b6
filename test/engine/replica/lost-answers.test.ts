import assert from 'node:assert/strict'
import test from 'node:test'
import Database from 'better-sqlite3'
import { WherryError } from '../../../engine/errors.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable, type WatchedStorage } from '../../support/watched-storage.ts'

/** A storage that replaces nothing, and whose answers get lost while `isLossy` says so. */
function withoutOverwrite(storage: WatchedStorage, stored: StorageClient, isLossy: () => boolean): void {
  const keep = new Set<string>()
  const once = async <T>(key: string, write: () => Promise<T>): Promise<T> => {
    if (keep.has(key)) throw new WherryError('ERR_STORAGE_DENIED', `${key} may not be replaced: the test says so`)
    const written = await write()
    keep.add(key)
    return isLossy() ? unreachable() : written
  }
  storage.writeSegment = (position, body) => once(JSON.stringify(position), () => stored.writeSegment(position, body))
  storage.writeSnapshot = (generation, index, body, options) =>
    once(`${generation}/${index}`, () => stored.writeSnapshot(generation, index, body, options))
}

test('Where nothing may be replaced, uploads whose answers are lost hold nothing up', async (t) => {
  const unit = new Unit(t)
  const app = new Database(unit.path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE t (x)')
  let uploads = 0
  await unit.start(([storage]) => {
    if (storage !== undefined) withoutOverwrite(storage, unit.stored(), () => ++uploads % 2 === 1)
  })
  for (let row = 0; row < 4; row++) {
    app.prepare('INSERT INTO t VALUES (randomblob(5000))').run()
    await unit.database.copy()
    await waitUntil('All is stored', () => unit.replica.status.isSynced && unit.replica.status.lagMs === 0)
  }
  await unit.stop()
  await unit.assertRestorable()
})

test('Whatever comes between, an upload is tried again as it was: it may arrive late, over its successor', async (t) => {
  const unit = new Unit(t)
  const app = new Database(unit.path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE t (x)')
  await unit.start()
  await unit.synced()
  const denied = new WherryError('ERR_STORAGE_DENIED', 'A token has expired: the test says so')
  const failures = [new WherryError('ERR_STORAGE_UNREACHABLE', 'The answer was lost: the test says so'), denied, denied]
  const sent = new Map<string, Set<string>>()
  unit.storage.writeSegment = async (position, body) => {
    const key = JSON.stringify(position)
    sent.set(key, (sent.get(key) ?? new Set()).add(Buffer.from(body).toString('base64')))
    app.prepare('INSERT INTO t VALUES (randomblob(5000))').run()
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return await unit.stored().writeSegment(position, body)
  }
  app.prepare('INSERT INTO t VALUES (randomblob(5000))').run()
  await waitUntil('More uploads', () => sent.size > 2)
  for (const bodies of sent.values()) assert.equal(bodies.size, 1)
})

test('A backlog that is given up in the present WAL, with an upload that may arrive late, is a new generation', async (t) => {
  const unit = new Unit(t, { database: { spoolLimitBytes: 100_000 }, replicas: [{}, {}] })
  const app = new Database(unit.path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE t (x)')
  await unit.start()
  for (const number of [0, 1]) await unit.synced(number)
  unit.storage.gate = unreachable
  for (let round = 0; round < 20; round++) {
    app.prepare('INSERT INTO t VALUES (randomblob(20000))').run()
    await unit.synced(1)
  }
  await unit.logged('replica is too far behind, it will begin again with a snapshot')
  unit.storage.gate = () => {}
  await unit.synced(0)
  await unit.stop()
  assert.deepEqual(unit.reasons, ['no generation exists', 'an upload may arrive late'])
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../../../engine/errors.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { hang, unreachable } from '../../support/watched-storage.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

async function scene(t: TestContext, options: UnitOptions = {}): Promise<{ unit: Unit; app: App }> {
  const unit = new Unit(t, options)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  return { unit, app }
}

async function synced(unit: Unit): Promise<void> {
  for (const number of unit.replicas.keys()) await unit.synced(number)
}

test('Everything committed before the end is stored, however long the sync interval', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{ syncIntervalMs: 3_600_000 }, { syncIntervalMs: 3_600_000 }] })
  await unit.start()
  await synced(unit)
  await app.repeat(50, insert)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

test('The WAL stays when the engine is the last to close the database, so that the generation goes on', async (t) => {
  const { unit, app } = await scene(t)
  await unit.start()
  await synced(unit)
  await app.repeat(10, insert)
  await app.close()
  await unit.stop()
  assert.ok(statSync(`${unit.path}-wal`).size > 0)
  await unit.start()
  await synced(unit)
  await unit.stop()
  assert.deepEqual(unit.reasons, ['no generation exists'])
  await unit.assertRestorable()
})

test('An end in the middle of the first snapshots waits for them', async (t) => {
  const { unit } = await scene(t, { replicas: [{ syncIntervalMs: 3_600_000 }, { syncIntervalMs: 3_600_000 }] })
  await unit.start((storages) => {
    for (const [number, storage] of storages.entries()) {
      storage.gate = async ({ method }) => (method === 'writeSnapshot' ? sleep(100 + 200 * number) : undefined)
    }
  })
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

test('A segment that fails while the last snapshot is being taken is tried again', async (t) => {
  const { unit, app } = await scene(t)
  await app.repeat(20, insert)
  let failures = 0
  await unit.start((storages) => {
    for (const storage of storages) {
      storage.gate = ({ method }) => {
        if (method === 'writeSegment' && failures++ < 2) unreachable()
      }
    }
  })
  await unit.stop()
  await unit.assertRestorable()
})

test('A replica that was down for long is tried again soon when the end has begun', async (t) => {
  const { unit, app } = await scene(t)
  await unit.start()
  await synced(unit)
  unit.storage.gate = unreachable
  await app.exec(insert)
  await unit.logged('monitor error', 3)
  const stopped = unit.stop(AbortSignal.timeout(4000))
  await unit.logged('monitor error', 4)
  unit.storage.gate = () => {}
  await stopped
  await unit.assertRestorable()
})

test('What a full spool kept in the WAL is stored in every replica when the dead ones come back during the end', async (t) => {
  const { unit, app } = await scene(t, { database: { spoolLimitBytes: 100_000 }, replicas: [{}, {}] })
  await unit.start()
  await synced(unit)
  let isDead = true
  for (const storage of unit.storages) storage.gate = () => void (isDead && unreachable())
  while (unit.linesOf('spool is full, the WAL grows until a replica takes its segments').length === 0) {
    await app.repeat(20, insert)
  }
  await app.repeat(300, insert)
  const stopped = unit.stop()
  await sleep(200)
  isDead = false
  await stopped
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

test('A database that appeared and was filled just before the end is stored', async (t) => {
  const unit = new Unit(t, { database: { monitorIntervalMs: 3_600_000 } })
  await unit.start()
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await app.exec(insert)
  await unit.stop()
  await unit.assertRestorable()
})

for (const [what, death] of Object.entries({ 'hangs for ever': hang, 'fails always': async () => unreachable() })) {
  test(`A replica that ${what} ends when the time is up, by its name; the other one has everything`, async (t) => {
    const { unit, app } = await scene(t, { replicas: [{}, {}] })
    await unit.start()
    await synced(unit)
    unit.storage.gate = (_, signal) => death(signal)
    const other = unit.storages[1]?.calls.length ?? 0
    await app.exec(`BEGIN; ${insert}; ${insert}; COMMIT`)
    const patience = new AbortController()
    const failure = unit.stop(patience.signal).then(
      () => assert.fail('It ended well'),
      (error: unknown) => error,
    )
    const isStored = () => (unit.storages[1]?.calls.length ?? 0) > other && unit.replicas[1]?.status.isSynced
    await waitUntil('The other replica', isStored)
    patience.abort()
    const error = await failure
    assert.ok(hasCode(error, 'ERR_NOT_DURABLE'), String(error))
    assert.ok(error.message.includes(unit.path) && error.message.includes('replica-0'), error.message)
    const { storages } = unit
    await unit.crash()
    assert.ok(storages.every(({ isClosed }) => isClosed))
    await unit.assertRestorable(1)
  })
}

test('An end with no time at all closes at once', async (t) => {
  const { unit, app } = await scene(t)
  await unit.start()
  await synced(unit)
  await unit.stop(AbortSignal.abort())
  await unit.assertRestorable()

  await unit.start()
  unit.storage.gate = (_, signal) => hang(signal)
  await app.exec(insert)
  await assert.rejects(unit.stop(AbortSignal.abort()), (error) => hasCode(error, 'ERR_NOT_DURABLE'))
})

test('Closing twice, or before anything began, is no error', async (t) => {
  const unit = new Unit(t)
  await unit.start()
  const { database, replica } = unit
  await unit.stop()
  await database.close()
  await replica.close()
  assert.equal(existsSync(unit.path), false)
})

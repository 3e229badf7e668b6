import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, startApp } from '../../support/app-process.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable } from '../../support/watched-storage.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

async function begin(t: TestContext, options: UnitOptions = {}): Promise<{ unit: Unit; app: App }> {
  const unit = new Unit(t, options)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  return { unit, app }
}

async function caughtUp(unit: Unit): Promise<void> {
  await waitUntil('No lag', () => unit.replica.status.lagMs === 0, {
    explain: () => JSON.stringify(unit.replica.status),
  })
}

test('A replica without contact lags since the start; one that has everything does not lag', async (t) => {
  const { unit } = await begin(t)
  const startedAt = performance.now()
  await unit.start(([storage]) => {
    if (storage !== undefined) storage.gate = unreachable
  })
  await unit.logged('monitor error')
  await sleep(50)
  const { lagMs } = unit.replica.status
  assert.ok(lagMs >= 50 && lagMs <= performance.now() - startedAt, `${lagMs} ms`)
  unit.storage.gate = () => {}
  await unit.synced()
  await caughtUp(unit)
  await unit.stop()
})

test('The lag is the age of the oldest commit that is not stored, and ends when all is', async (t) => {
  const { unit, app } = await begin(t)
  await unit.start()
  await unit.synced()
  await caughtUp(unit)
  unit.storage.gate = unreachable
  const committedAt = performance.now()
  await app.exec(insert)
  await unit.logged('monitor error')
  for (let round = 0; round < 5; round++) {
    await sleep(20)
    await app.exec(insert)
  }
  const { lagMs } = unit.replica.status
  const age = performance.now() - committedAt
  assert.ok(lagMs >= 100 && lagMs <= age, `${lagMs} ms, after ${age} ms`)
  unit.storage.gate = () => {}
  await unit.synced()
  await caughtUp(unit)
})

test('Under steady commits the lag stays near what an upload takes, however long it goes on', async (t) => {
  const { unit, app } = await begin(t)
  await unit.start()
  await unit.synced()
  const startedAt = performance.now()
  let least = Number.POSITIVE_INFINITY
  while (performance.now() - startedAt < 1500) {
    await app.exec(insert)
    if (performance.now() - startedAt > 1000) least = Math.min(least, unit.replica.status.lagMs)
  }
  assert.ok(least < 1000, `Never below ${least} ms`)
})

test('A database that is not there does not lag', async (t) => {
  const unit = new Unit(t)
  await unit.start()
  await sleep(20)
  assert.equal(unit.replica.status.lagMs, 0)
})

import assert from 'node:assert/strict'
import { closeSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../../../engine/errors.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'
const busy = 'PRAGMA busy_timeout = 5000'

async function makeTable(app: App): Promise<void> {
  await app.exec(`CREATE TABLE blobs (content BLOB); ${insert}`)
}

async function opened(unit: Unit): Promise<void> {
  await waitUntil('The database to be open', () => unit.database.position, {
    explain: () => JSON.stringify(unit.lines),
  })
}

async function assertStored(unit: Unit, app: App): Promise<void> {
  await app.exec(insert)
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
}

for (const [how, monitorIntervalMs] of Object.entries({ 'the file system’s word': 3_600_000, 'the poll': 20 })) {
  test(`A database that appears later is found by ${how}`, async (t) => {
    const unit = new Unit(t, { database: { monitorIntervalMs } })
    await unit.start()
    assert.equal(unit.database.position, undefined)
    const app = await startApp(t, unit.path)
    await makeTable(app)
    await opened(unit)
    await assertStored(unit, app)
  })
}

test('An empty file is left alone: the page size is the app’s choice', async (t) => {
  const unit = new Unit(t)
  closeSync(openSync(unit.path, 'w'))
  await unit.start()
  await sleep(100)
  assert.equal(unit.database.position, undefined)
  const app = await startApp(t, unit.path, `${busy}; PRAGMA page_size = 8192`)
  await app.exec('PRAGMA journal_mode = wal')
  await makeTable(app)
  await opened(unit)
  assert.equal(unit.database.pageSize, 8192)
  await assertStored(unit, app)
})

test('An empty file that stays empty is no failure of the end', async (t) => {
  const unit = new Unit(t)
  closeSync(openSync(unit.path, 'w'))
  await unit.start()
  await unit.stop()
  assert.equal(statSync(unit.path).size, 0)
})

test('A database with a rollback journal is converted', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path, `${busy}; PRAGMA journal_mode = delete`)
  await makeTable(app)
  await unit.start()
  await opened(unit)
  await app.exec(insert)
  assert.deepEqual(await app.all('PRAGMA journal_mode'), [{ journal_mode: 'wal' }])
  await assertStored(unit, app)
})

test('A database with a rollback journal that is being written is converted when that ends', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path, `${busy}; PRAGMA journal_mode = delete`)
  await makeTable(app)
  await app.exec(`BEGIN IMMEDIATE; ${insert}`)
  await unit.start()
  assert.equal(unit.database.position, undefined)
  assert.equal(unit.linesOf('database is busy, trying again').length, 1)
  await app.exec('COMMIT')
  await opened(unit)
  await assertStored(unit, app)
})

for (const isKnown of [false, true]) {
  const what = isKnown ? 'that was replicated before' : 'that is new to the engine'
  test(`A long transaction while the engine opens a database ${what} delays neither side for good`, async (t) => {
    const unit = new Unit(t)
    const app = await startApp(t, unit.path)
    await makeTable(app)
    if (isKnown) {
      await unit.start()
      await unit.synced()
      await unit.stop()
    }
    await app.exec(`BEGIN IMMEDIATE; ${insert}`)
    const started = unit.start()
    await sleep(300)
    assert.equal(unit.database.position, undefined)
    // The thread that opens is not blocked meanwhile, and the transaction goes on.
    await app.exec(insert)
    await app.exec('COMMIT')
    await started
    await opened(unit)
    await assertStored(unit, app)
    assert.deepEqual(unit.reasons, ['no generation exists'])
  })
}

/** How another file comes in the place of the one that is being replicated. */
const replacements: Record<string, (t: TestContext, unit: Unit, app: App) => Promise<App>> = {
  'is replaced by rename': async (t, unit, app) => {
    const next = await startApp(t, unit.box.path('next.db'))
    await makeTable(next)
    await next.repeat(5, insert)
    await next.close()
    await app.kill()
    for (const suffix of ['-wal', '-shm']) rmSync(unit.path + suffix)
    renameSync(unit.box.path('next.db'), unit.path)
    return await startApp(t, unit.path)
  },
  'is removed and made anew': async (t, unit, app) => {
    await app.kill()
    for (const suffix of ['', '-wal', '-shm']) rmSync(unit.path + suffix)
    await unit.logged('database file was replaced or removed')
    const next = await startApp(t, unit.path)
    await makeTable(next)
    return next
  },
  'is removed and made anew between two looks': async (t, unit, app) => {
    await app.kill()
    for (const suffix of ['', '-wal', '-shm']) rmSync(unit.path + suffix)
    const next = await startApp(t, unit.path)
    await makeTable(next)
    return next
  },
}

for (const [what, replace] of Object.entries(replacements)) {
  test(`A database that ${what} gets a new generation, and is what a restore gives`, async (t) => {
    const unit = new Unit(t)
    const app = await startApp(t, unit.path)
    await makeTable(app)
    await unit.start()
    await unit.synced()
    const next = await replace(t, unit, app)
    await unit.logged('sync: new generation', 2)
    await opened(unit)
    await assertStored(unit, next)
    assert.equal(unit.linesOf('database file was replaced or removed').length, 1)
  })
}

test('A database that is replaced while a dead replica keeps the spool full reaches the replicas all the same', async (t) => {
  const unit = new Unit(t, { database: { spoolLimitBytes: 50_000 } })
  const app = await startApp(t, unit.path)
  await makeTable(app)
  await unit.start()
  await unit.synced()
  let isDead = true
  unit.storage.gate = () => {
    if (isDead) throw new Error('The storage is dead')
  }
  while (unit.linesOf('spool is full, the WAL grows until a replica takes its segments').length === 0) {
    await app.repeat(20, insert)
  }
  await app.kill()
  for (const suffix of ['', '-wal', '-shm']) rmSync(unit.path + suffix)
  const next = await startApp(t, unit.path)
  await makeTable(next)
  await unit.logged('sync: new generation', 2)
  isDead = false
  await next.repeat(20, insert)
  await unit.synced()
  await assertStored(unit, next)
})

test('A file that is no database is an error of the start, and is not touched', async (t) => {
  const unit = new Unit(t)
  const content = 'This is no database, whatever its name says'
  writeFileSync(unit.path, content)
  await assert.rejects(
    unit.start(),
    (error) => hasCode(error, 'ERR_DATABASE_INVALID') && error.message.includes(unit.path),
  )
  await unit.crash()
  assert.equal(statSync(unit.path).size, content.length)
})

test('A file that turns out to be no database later is told once', async (t) => {
  const unit = new Unit(t)
  await unit.start()
  writeFileSync(unit.path, 'This is no database, whatever its name says')
  await unit.logged('sync error')
  await sleep(200)
  assert.equal(unit.linesOf('sync error').length, 1)
  rmSync(unit.path)
  const app = await startApp(t, unit.path)
  await makeTable(app)
  await opened(unit)
  await assertStored(unit, app)
})

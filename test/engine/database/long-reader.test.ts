import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { walSize } from '../../../engine/format/wal.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'

const pages = 50
const insert = 'INSERT INTO blobs VALUES (randomblob(3000))'

interface Story {
  readonly unit: Unit
  readonly app: App
  readonly reader: App
}

/** An engine that checkpoints as soon as it can, and a reader that keeps it from finishing. */
async function begin(t: TestContext): Promise<Story> {
  const unit = new Unit(t, { database: { minCheckpointPageCount: pages, checkpointIntervalMs: 50 } })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await unit.start()
  await unit.synced()
  await app.repeat(pages, insert)
  await unit.logged('checkpoint')
  await unit.synced()
  await app.repeat(5, insert)
  const reader = await startApp(t, unit.path)
  await reader.exec('BEGIN; SELECT count(*) FROM blobs')
  return { unit, app, reader }
}

async function sequence(app: App): Promise<unknown> {
  return (await app.all('SELECT seq FROM _litestream_seq'))[0]?.seq
}

test('A long reader keeps checkpoints from finishing, and nothing grows but by the app’s own commits', async (t) => {
  const { unit, app } = await begin(t)
  await app.repeat(4 * pages, insert)
  await unit.synced()
  const index = unit.database.position?.index
  const blocked = () => unit.linesOf('checkpoint').filter(({ fields }) => fields.completed === false)
  await waitUntil('A checkpoint that was kept from finishing', () => blocked().length > 0)
  const before = { seq: await sequence(app), wal: statSync(`${unit.path}-wal`).size, calls: unit.storage.calls.length }
  await sleep(600)
  const after = { seq: await sequence(app), wal: statSync(`${unit.path}-wal`).size, calls: unit.storage.calls.length }
  assert.deepEqual(after, before)
  assert.equal(unit.database.position?.index, index)
  assert.ok(blocked().length < 5, 'It is not tried all the time')
  await unit.stop()
  await unit.assertRestorable()
})

test('When the reader ends, the next checkpoint finishes and the WAL starts again', async (t) => {
  const { unit, app, reader } = await begin(t)
  await app.repeat(2 * pages, insert)
  await unit.synced()
  const index = unit.database.position?.index ?? 0
  await reader.exec('COMMIT')
  await app.repeat(2 * pages, insert)
  await waitUntil('The next index', () => (unit.database.position?.index ?? 0) > index)
  await unit.synced()
  await waitUntil('A short WAL', () => (unit.database.position?.offset ?? 0) < walSize(pages, 4096))
  await unit.stop()
  assert.deepEqual(unit.reasons, ['no generation exists'])
  await unit.assertRestorable()
})

test('A generation that begins under a long reader starts with the WAL as it is', async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await app.repeat(pages, insert)
  const reader = await startApp(t, unit.path)
  await reader.exec('BEGIN; SELECT count(*) FROM blobs')
  await app.repeat(pages, insert)
  await unit.start()
  await unit.synced()
  assert.ok((unit.database.position?.offset ?? 0) > walSize(2 * pages, 4096))
  await unit.stop()
  await unit.assertRestorable()
})

test('A generation whose first snapshot never ended is begun again on what its segments left', async (t) => {
  const { unit, app } = await begin(t)
  await unit.stop()
  await unit.box.run(['rm', `${unit.metaPath}/position`])
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = ({ method }) => {
      if (method === 'writeSnapshot') throw new Error('No snapshot today')
    }
  })
  const generation = unit.generation
  const segments = async () => (await unit.stored().segments(generation)).length
  for (let count = await segments(); count < 4; count++) {
    await app.exec(insert)
    await waitUntil('A segment', async () => (await segments()) > count)
  }
  await unit.crash()
  assert.deepEqual(await unit.stored().snapshots(generation), [])
  await app.exec(insert)
  await unit.start()
  await unit.synced()
  await unit.stop()
  await unit.assertRestorable()
})

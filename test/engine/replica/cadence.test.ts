import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, startApp } from '../../support/app-process.ts'
import { blindWatches, replaceWatch } from '../../support/blind-watch.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'

/** An engine that has stored all there is, and an app. */
async function scene(t: TestContext, options: UnitOptions): Promise<{ unit: Unit; app: App }> {
  const unit = new Unit(t, options)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)')
  await unit.start()
  await unit.synced()
  return { unit, app }
}

const insert = "INSERT INTO notes (text) VALUES ('a note')"

test('The first commit after a pause is stored at once, the next when the interval is over', async (t) => {
  const syncIntervalMs = 1200
  const { unit, app } = await scene(t, { replicas: [{ syncIntervalMs }] })
  const { storage } = unit
  await sleep(syncIntervalMs)
  const before = storage.count('writeSegment')
  const intervalOver = sleep(syncIntervalMs, 'the interval was over')
  await app.exec(insert)
  const stored = waitUntil('The first commit', () => storage.count('writeSegment') > before && 'stored', { everyMs: 5 })
  assert.equal(await Promise.race([stored, intervalOver]), 'stored')
  await app.exec(insert)
  await waitUntil('The second commit', () => storage.count('writeSegment') > before + 1)
  const [first, second] = storage.calls.filter(({ method }) => method === 'writeSegment').slice(-2)
  // The interval counts from when the sync began, which is a while before its upload.
  assert.ok(first && second && second.atMs - first.atMs >= syncIntervalMs / 2)
  await unit.stop()
  await unit.assertRestorable()
})

test('Commits that follow each other closely make one upload an interval', async (t) => {
  const syncIntervalMs = 250
  // Other replicas, and the engine's poll, copy commits too: what they hand out is no reason for an upload of its own.
  const { unit, app } = await scene(t, { replicas: [{ syncIntervalMs }, { syncIntervalMs: 20 }] })
  const { storage } = unit
  storage.gate = async ({ method }) => (method === 'writeSegment' ? sleep(60) : undefined)
  const intervals = 8
  const startedAt = performance.now()
  const before = storage.calls.length
  let commits = 0
  for (; performance.now() < startedAt + intervals * syncIntervalMs; commits++) await app.exec(insert)
  const uploads = storage.calls.slice(before)
  assert.deepEqual([...new Set(uploads.map(({ method }) => method))], ['writeSegment'])
  assert.ok(
    uploads.length >= 2 && uploads.length <= intervals + 1,
    `${uploads.length} uploads in ${intervals} intervals`,
  )
  assert.ok(commits > uploads.length, `${commits} commits`)
  await unit.stop()
  await unit.assertRestorable()
})

test('Uploads that take longer than the commits between them keep no snapshot waiting', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{ snapshotIntervalMs: 300 }, {}] })
  unit.storage.gate = async ({ method }) => (method === 'writeSegment' ? sleep(100) : undefined)
  const startedAt = performance.now()
  while (unit.linesOf('snapshot written').filter(({ fields }) => fields.replica === 'replica-0').length < 3) {
    await app.exec(insert)
    assert.ok(performance.now() - startedAt < 10_000, 'No further snapshots while commits come in')
  }
  await unit.stop()
  await unit.assertRestorable()
})

test('Idle is no call of any kind, no write to the database, and no line, whatever intervals pass', async (t) => {
  const { unit, app } = await scene(t, {
    database: { checkpointIntervalMs: 100, minCheckpointPageCount: 10 },
    replicas: [
      { retentionMs: 3_600_000, retentionCheckIntervalMs: 50, snapshotIntervalMs: 200 },
      { retentionMs: 3_600_000, retentionCheckIntervalMs: 50 },
    ],
  })
  await app.repeat(30, insert)
  const calls = (): number => unit.storages.reduce((sum, { calls }) => sum + calls.length, 0)
  const wal = (): Buffer => readFileSync(`${unit.path}-wal`)
  // The last snapshot and the last checkpoint by time come a while after the last commit.
  let settledAt = performance.now()
  for (let seen = calls(); performance.now() - settledAt < 450; await sleep(50)) {
    if (calls() !== seen) settledAt = performance.now()
    seen = calls()
  }
  for (const storage of unit.storages)
    assert.equal(storage.count('generations'), 3, 'The guard, the new generation and retention listed once each')
  const before = { calls: calls(), lines: unit.lines.length, wal: wal() }
  await sleep(1200)
  assert.deepEqual({ calls: calls(), lines: unit.lines.length, wal: wal() }, before)
  await app.exec(insert)
  await waitUntil('A call for the next commit', () => calls() > before.calls)
})

for (const [what, blindWatch] of Object.entries(blindWatches)) {
  test(`The poll finds commits where ${what}`, async (t) => {
    const watches = replaceWatch(t, blindWatch)
    const { unit, app } = await scene(t, {})
    for (let round = 0; round < 3; round++) {
      const before = unit.storage.count('writeSegment')
      await app.exec(insert)
      await waitUntil('The commit', () => unit.storage.count('writeSegment') > before)
    }
    assert.ok(watches() > 0, 'The engine watches by fs.watch')
    await unit.stop()
    await unit.assertRestorable()
  })
}

/** Scenarios 24 to 28: in what order things happen to the data. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { appReady, end, fixture, notes, Stage, stageOnS3, timed } from './stage.ts'

test('24: at SIGTERM the app writes a last row and exits with 0: the row can be restored', async (t) => {
  const stage = new Stage(t)
  const run = stage.run(notes(stage.db, 'wait', '0'))
  await appReady(run)
  assert.equal((await run.stop('SIGTERM', 60_000)).code, 0, run.tail())
  assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
})

for (const status of [143, 1]) {
  test(`25: the same with ${status}: the row can be restored, and the status is kept`, async (t) => {
    const stage = new Stage(t)
    const run = stage.run(notes(stage.db, 'wait', String(status)))
    await appReady(run)
    assert.equal((await run.stop('SIGTERM', 60_000)).code, status, run.tail())
    assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
  })
}

test('26: the app writes and exits at once, in a new database and in a restored one: the rows can be restored', async (t) => {
  const stage = new Stage(t)
  for (const rows of [1, 2, 3]) {
    const run = stage.run(notes(stage.db, 'exit', '0'))
    assert.equal((await end(run)).code, 0, run.tail())
    assert.equal((await stage.storedNotes()).length, rows)
    stage.loseVolume()
  }
})

test('27: the app is killed in a transaction: only what was committed can be restored', async (t) => {
  const stage = new Stage(t)
  const run = stage.run(fixture('open-transaction.ts', stage.db))
  process.kill(await appReady(run), 'SIGKILL')
  assert.equal((await end(run)).code, 137, run.tail())
  const committed = Array.from({ length: 50 }, (_, row) => `committed ${row}`)
  assert.deepEqual(await stage.storedNotes(), committed)
})

test("28: on an empty volume the restore is finished before the app's first instruction", async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  await stage.seed()
  s3.hold('GET')
  const { result: run, elapsedMs } = await timed(async () => {
    const started = stage.run(fixture('first-look.ts', stage.db))
    await s3.holding('GET', () => started.tail())
    return started
  })
  // As long again: an app that did not wait would have begun.
  await sleep(elapsedMs)
  assert.equal(existsSync(stage.db), false)
  assert.equal(run.stdout, '')
  s3.release('GET')
  assert.equal((await end(run)).code, 0, run.tail())
  assert.equal(run.stdout, 'rows 1\n')
})

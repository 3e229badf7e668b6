/** Credentials that may not replace what is there are enough: in normal running no object is written twice. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from '../../support/app-process.ts'
import { Unit } from '../../support/unit.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

test('No object is written twice: through checkpoints, snapshots, restarts and a crash', async (t) => {
  const database = { minCheckpointPageCount: 5 }
  const unit = new Unit(t, { database, replicas: [{ snapshotIntervalMs: 50 }] })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  const written: string[] = []
  for (const end of ['stop', 'crash', 'stop'] as const) {
    const snapshots = unit.linesOf('snapshot written').length
    await unit.start()
    while (unit.linesOf('snapshot written').length < snapshots + 4) {
      await app.repeat(3, insert)
      await unit.synced()
    }
    const { storage } = unit
    await unit[end]()
    written.push(...storage.calls.filter(({ method }) => method.startsWith('write')).map(({ key }) => key))
  }
  assert.ok(written.length > 20, `${written.length} objects`)
  assert.deepEqual(
    written.filter((key, at) => written.indexOf(key) !== at),
    [],
  )
  assert.equal(unit.reasons.length, 1)
  await unit.assertRestorable()
})

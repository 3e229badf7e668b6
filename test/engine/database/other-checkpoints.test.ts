import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../../support/app-process.ts'
import { CHECKPOINT_LOCK, covers, locksOf } from '../../support/locks.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'

const skip = process.platform === 'linux' ? false : 'Locks are read from /proc'

test('A generation that begins during a checkpoint of the app waits for its end, and stores its snapshot first', {
  skip,
}, async (t) => {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB); INSERT INTO blobs VALUES (zeroblob(100000000))')

  // The app stands still in the middle of its checkpoint, as on a slow disk.
  const checkpointed = app.exec('PRAGMA wal_checkpoint(PASSIVE)')
  const isLocked = () => covers(locksOf(app.pid, `${unit.path}-shm`), CHECKPOINT_LOCK)
  await waitUntil('A checkpoint of the app', isLocked, { everyMs: 0 })
  process.kill(app.pid, 'SIGSTOP')
  assert.ok(isLocked())

  const snapshotsBefore: number[] = []
  const started = unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = async ({ method, key }) => {
      const [, generation = ''] = key.split('/')
      if (method === 'writeSegment') snapshotsBefore.push((await unit.stored().snapshots(generation)).length)
    }
  })
  await sleep(50)
  process.kill(app.pid, 'SIGCONT')
  await Promise.all([started, checkpointed])
  await unit.synced()
  assert.ok(snapshotsBefore.length > 0)
  assert.deepEqual(
    snapshotsBefore.filter((count) => count === 0),
    [],
  )
  await unit.stop()
  await unit.assertRestorable()
})

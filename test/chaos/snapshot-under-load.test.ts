import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { assertSameDatabase } from '../support/compare.ts'
import { Random } from '../support/random.ts'
import { Scene } from '../support/scene.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'
import { chaosSeconds, chaosSeed, discard, eagerEngine, interferingApp } from './settings.ts'

test('T4 snapshots and checkpoints under load: each snapshot restores to a committed state', async (t) => {
  const random = new Random(chaosSeed)
  const scene = new Scene(t, {
    ...eagerEngine,
    replica: { ...eagerEngine.replica, 'snapshot-interval': '500ms' },
  })
  mkdirSync(dirname(scene.db))
  const load = new URL('../support/load.ts', import.meta.url).pathname
  // A database large enough that a snapshot takes several checkpoints' time.
  const filler = await startWriter(scene.box, {
    path: scene.db,
    maxCommits: 300,
    rowsPerCommit: 100,
    rowBytes: [1000, 4000],
  })
  await filler.finished(60_000)
  await scene.startEngine()
  const loading = scene.box.start([process.execPath, load, scene.box.dir, String(chaosSeconds * 2)])
  const writer = await startWriter(scene.box, { path: scene.db, ...interferingApp, commitsPerSecond: 2000 })
  const snapshots = () => scene.generations().flatMap((generation) => generation.snapshots)
  await waitUntil('Snapshots at several indexes', () => snapshots().length >= Math.max(3, chaosSeconds / 10), {
    timeoutMs: chaosSeconds * 4000,
    explain: () => scene.engine.tail(),
  })
  t.diagnostic(JSON.stringify(await writer.stop()))
  await scene.stopEngine()
  await loading.stop('SIGTERM')

  const newest = await scene.restore()
  assert.equal(assertCommittedState(newest), writer.lastCommit())
  assertSameDatabase(newest, scene.db)
  assert.equal(scene.generations().length, 1)
  const generation = scene.generations()[0]
  assert.ok(generation)
  t.diagnostic(`snapshots at ${generation.snapshots.map(({ index }) => index).join(', ')}`)
  const older = generation.snapshots.slice(0, -1)
  for (const { index } of [older[0], random.pick(older), older.at(-1)].filter((snapshot) => snapshot !== undefined)) {
    const restored = await scene.restore({ generation: generation.name, index })
    assertCommittedState(restored)
    discard(restored)
  }
})

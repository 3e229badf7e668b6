import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertSameDatabase } from '../support/compare.ts'
import { Random } from '../support/random.ts'
import { highestIndex } from '../support/replica-files.ts'
import { Scene } from '../support/scene.ts'
import { startWriter, type Writer } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'
import { chaosSeconds, chaosSeed, eagerEngine, interferingApp } from './settings.ts'

const loadScript = new URL('../support/load.ts', import.meta.url).pathname

test('no lost row: a writer at full speed with checkpoints of its own', async (t) => {
  const scene = await hammer(t, async () => sleep(chaosSeconds * 1000))
  const indexes = highestIndex(scene.replicaPath) + 1
  t.diagnostic(`${indexes} WAL indexes`)
  // Fewer would mean that the test did not test: each checkpoint of the engine's starts an index.
  assert.ok(indexes >= (chaosSeconds * 50) / 30, `${indexes} WAL indexes`)
  assertHistories(scene, 1)
})

test('no lost row: the engine is killed and started again midway', async (t) => {
  const random = new Random(chaosSeed)
  const crashes = 2
  const scene = await hammer(t, async (scene, writer) => {
    for (let crash = 0; crash < crashes; crash++) {
      await sleep(chaosSeconds * random.between(120, 280))
      await scene.killEngine()
      // Without the engine the app's own checkpoints get through: what it had not copied is no longer in the WAL.
      await writer.moreCommits(random.between(1, 2000))
      await scene.startEngine()
      await scene.firstSnapshot()
    }
    await sleep(chaosSeconds * 100)
  })
  assertHistories(scene, 1 + crashes)
})

test('no lost row: other work keeps the disk and the cores busy', async (t) => {
  const seconds = chaosSeconds * 0.4
  const scene = await hammer(t, async (scene) => {
    const load = scene.box.start([process.execPath, loadScript, scene.box.dir, String(seconds * 4)])
    await load.waitForOutput(/loading/)
    await sleep(seconds * 1000)
    // The load stays until the engine has stopped: the last sync is the one that races.
    return async () => {
      await load.stop('SIGTERM')
    }
  })
  assertHistories(scene, 1)
})

/** Runs app and engine while `during` does, stops both cleanly, restores and compares every row. */
async function hammer(
  t: TestContext,
  during: (scene: Scene, writer: Writer) => Promise<(() => Promise<void>) | undefined>,
): Promise<Scene> {
  const scene = new Scene(t, eagerEngine)
  mkdirSync(dirname(scene.db))
  await scene.startEngine()
  const writer = await startWriter(scene.box, { path: scene.db, ...interferingApp })
  await scene.firstSnapshot()
  const after = await during(scene, writer)
  const report = await writer.stop()
  await scene.stopEngine()
  await after?.()
  t.diagnostic(JSON.stringify(report))
  const restored = await scene.restore({ timeoutMs: 180_000 })
  assert.equal(
    assertCommittedState(restored),
    writer.lastCommit(),
    'The last acknowledged commit is not in the replica',
  )
  assertSameDatabase(restored, scene.db)
  return scene
}

/** A generation (and its snapshot) more than crashes explain would be a copy of the whole database for nothing. */
function assertHistories(scene: Scene, most: number): void {
  const snapshots = scene.generations().map((generation) => generation.snapshots.length)
  assert.ok(snapshots.length <= most, `${snapshots.length} generations`)
  assert.deepEqual(snapshots, Array(snapshots.length).fill(1), 'Each generation has one snapshot')
}

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Acknowledgement, acknowledgements } from '../support/acknowledgements.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { Random } from '../support/random.ts'
import { Scene } from '../support/scene.ts'
import type { WriterOptions } from '../support/writer-options.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'
import { chaosSeconds, chaosSeed, discard, eagerEngine } from './settings.ts'

/** Uncommitted frames in the WAL (few cache pages), rollbacks, savepoints, big transactions, checkpoints of all modes. */
const untidyApp = {
  seed: chaosSeed,
  commitsPerSecond: 400,
  rollbackShare: 0.1,
  savepointShare: 0.1,
  bigShare: 0.01,
  bigRows: 500,
  cachePages: 20,
  autocheckpointPages: 50,
  checkpoints: { everyMs: 200, modes: ['TRUNCATE', 'PASSIVE', 'RESTART', 'FULL'], busyTimeoutMs: 10 },
} as const satisfies Partial<WriterOptions>

test('T1 commit boundary: every restore is a committed state, whatever was killed when', async (t) => {
  const random = new Random(chaosSeed)
  const scene = new Scene(t, eagerEngine)
  mkdirSync(dirname(scene.db))
  const newWriter = () => startWriter(scene.box, { path: scene.db, ...untidyApp })
  let writer = await newWriter()
  await scene.startEngine()
  await scene.firstSnapshot()

  let newest = 0
  const rounds = Math.round(chaosSeconds / 3)
  const happened: string[] = []
  for (let round = 0; round < rounds; round++) {
    await sleep(random.between(50, 700))
    const event = random.pick(['kill app', 'kill engine', 'kill both', 'restore'])
    happened.push(event)
    if (event === 'restore') {
      const restored = await scene.restore()
      const commitId = assertCommittedState(restored)
      assert.ok(commitId >= newest, `Restored commit ${commitId} after ${newest} had been restored`)
      newest = commitId
      discard(restored)
    }
    if (event === 'kill both') await Promise.all([writer.kill(), scene.killEngine()])
    if (event === 'kill app') await writer.kill()
    if (event === 'kill engine') await scene.killEngine()
    if (!writer.program.running) writer = await newWriter()
    if (!scene.engine.running) {
      await sleep(random.between(0, 300))
      await scene.startEngine()
    }
  }
  t.diagnostic(`${happened.join(', ')}; ${(await writer.stop()).commits} commits of the last writer`)
  await scene.stopEngine()

  const restored = await scene.restore()
  assert.equal(assertCommittedState(restored), writer.lastCommit(), 'The newest acknowledged commit is in the replica')
  assertSameDatabase(restored, scene.db)
  await assertEveryTimeRestores(scene, random, acknowledgements(`${scene.db}.acknowledged`))
})

/** Restores to the times of some objects: each gives a committed state, and nothing from after that time. */
async function assertEveryTimeRestores(scene: Scene, random: Random, log: readonly Acknowledgement[]): Promise<void> {
  for (let sample = 0; sample < 6; sample++) {
    // Not the newest object of a generation: after it the generation has nothing to say about a time.
    const times = scene.generations().flatMap(({ segments }) => segments.slice(0, -1).map((s) => s.createdAt))
    const timestamp = new Date(random.pick(times).getTime() + 1)
    const restored = await scene.restore({ timestamp })
    const commitId = assertCommittedState(restored)
    const acknowledged = log.findLast(({ at }) => at <= timestamp)?.commitId ?? 0
    // The writer may be killed, or just be busy, between the commit and its acknowledgement.
    assert.ok(
      commitId <= acknowledged + 1,
      `Commit ${commitId} at ${timestamp.toISOString()}, newest is ${acknowledged}`,
    )
    discard(restored)
  }
}

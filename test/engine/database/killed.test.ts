import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { assertSameDatabase } from '../../support/compare.ts'
import { highestIndex } from '../../support/replica-files.ts'
import { Scene, type SceneOptions } from '../../support/scene.ts'
import { startWriter } from '../../support/writer-process.ts'
import { assertCommittedState } from '../../support/writer-state.ts'

const quick = { 'monitor-interval': '20ms' }

interface Case {
  readonly options: SceneOptions
  /** A kill between a checkpoint and the next upload costs a snapshot: what it waited with is gone. */
  readonly mostSnapshots: number
  readonly leastIndex: number
}

const kills = 1
const cases: Record<string, Case> = {
  'within one index': {
    options: {
      database: { ...quick, 'min-checkpoint-page-count': 1_000_000 },
      replica: { 'sync-interval': '20ms' },
    },
    mostSnapshots: 1,
    leastIndex: 0,
  },
  'with checkpoints at every turn': {
    options: { database: { ...quick, 'min-checkpoint-page-count': 50 }, replica: { 'sync-interval': '20ms' } },
    mostSnapshots: 1 + kills,
    leastIndex: 1,
  },
}

for (const [what, { options, mostSnapshots, leastIndex }] of Object.entries(cases)) {
  test(`An engine that is killed under load and started again continues its generation: ${what}`, async (t) => {
    const scene = new Scene(t, options)
    mkdirSync(dirname(scene.db))
    await scene.startEngine()
    const writer = await startWriter(scene.box, { path: scene.db, commitsPerSecond: 300, autocheckpointPages: 0 })
    await scene.firstSnapshot()
    for (let kill = 0; kill < kills; kill++) {
      await writer.moreCommits(50 + kill * 37)
      await scene.killEngine()
      await writer.moreCommits(30)
      await scene.startEngine()
    }
    await writer.moreCommits(50)
    await writer.stop()
    await scene.stopEngine()
    const [generation, ...others] = scene.generations()
    assert.deepEqual(others, [])
    const snapshots = generation?.snapshots.length ?? 0
    assert.ok(snapshots >= 1 && snapshots <= mostSnapshots, `${snapshots} snapshots`)
    assert.ok(highestIndex(scene.replicaPath) >= leastIndex)
    const restored = await scene.restore()
    assert.equal(assertCommittedState(restored), writer.lastCommit())
    assertSameDatabase(restored, scene.db)
  })
}

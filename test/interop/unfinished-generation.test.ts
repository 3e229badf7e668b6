import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

/**
 * Litestream takes the generation that was written to last, and fails if that one has no snapshot: WAL that comes before
 * its snapshot would hide the older generation, which can still be restored.
 */
test('Killed while the first snapshot of a new generation is written: Litestream restores the old one', {
  skip,
}, async (t) => {
  const scene = new Scene(t, { database: { 'monitor-interval': '20ms' }, replica: { 'sync-interval': '20ms' } })
  mkdirSync(dirname(scene.db))
  const filler = await startWriter(scene.box, {
    path: scene.db,
    maxCommits: 100,
    rowsPerCommit: 400,
    rowBytes: [1500, 3000],
  })
  await filler.finished(60_000)
  const app = { path: scene.db, autocheckpointPages: 10 }
  const first = await startWriter(scene.box, { ...app, maxCommits: 100 })
  await scene.startEngine()
  await scene.firstSnapshot()
  await first.finished(30_000)
  await scene.stopEngine()
  const [old] = scene.generations()
  assert.ok(old)
  const stored = assertCommittedState(await scene.restore({ tool: litestream }))

  // Commits and checkpoints without the engine: its next start must begin a generation.
  const second = await startWriter(scene.box, { ...app, commitsPerSecond: 500 })
  await second.moreCommits(300)
  await scene.startEngine()
  const objects = () => scene.generations().filter(({ snapshots, segments }) => snapshots.length + segments.length > 0)
  await waitUntil('The first object of a new generation', () => objects().length > 1, { everyMs: 1 })
  await scene.killEngine()
  await second.stop()
  const unfinished = scene.generations().filter(({ snapshots }) => snapshots.length === 0)
  t.diagnostic(
    `without a snapshot: ${unfinished.map(({ segments }) => `${segments.length} segments`).join(', ') || 'none'}`,
  )

  const restored = assertCommittedState(await scene.restore({ tool: litestream }))
  assert.ok(restored >= stored, `Commit ${restored} was restored, ${stored} had been stored`)
})

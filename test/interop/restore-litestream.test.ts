import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import type { RestoreTarget } from '../../engine/restore/listing.ts'
import { restoreDatabase } from '../../engine/restore/restore.ts'
import { FileStorage } from '../../engine/storage/file/storage.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { logLines } from '../support/log-lines.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

for (const pageSize of [512, 4096, 65536]) {
  test(`Restores what Litestream wrote as Litestream does: page size ${pageSize}`, { skip }, async (t) => {
    const scene = new Scene(t, {
      tool: litestream,
      database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 60 },
      replica: { 'sync-interval': '50ms', 'snapshot-interval': '2s' },
    })
    mkdirSync(dirname(scene.db))
    const writer = await startWriter(scene.box, {
      path: scene.db,
      pageSize,
      autocheckpointPages: 0,
      commitsPerSecond: 300,
      deleteShare: 0.3,
      vacuumEveryMs: 700,
      rollbackShare: 0.1,
    })
    await writer.moreCommits(20)
    await scene.startEngine()
    await waitUntil('Several indexes, and a second snapshot', () => {
      const generation = scene.generations()[0]
      const indexes = new Set(generation?.segments.map(({ index }) => index))
      return indexes.size >= 4 && (generation?.snapshots.length ?? 0) >= 2
    })
    await writer.stop()
    await scene.stopEngine()
    const [generation] = scene.generations()
    assert.ok(generation)

    const newest = await restoreOurs(scene, {})
    assert.equal(assertCommittedState(newest), writer.lastCommit())
    assertSameDatabase(newest, scene.db)

    const indexes = [...new Set(generation.segments.map((segment) => segment.index))]
    for (const index of spread(indexes.filter((index) => index >= (generation.snapshots[0]?.index ?? 0)))) {
      await assertSameRestore(scene, { generation: generation.name, index })
    }
    const oldest = generation.snapshots[0]?.createdAt.getTime() ?? 0
    const times = generation.segments.map(({ createdAt }) => createdAt.getTime()).filter((time) => time > oldest)
    const between = times.slice(1).map((time, n) => Math.floor((time + (times[n] ?? time)) / 2))
    for (const time of spread(between)) await assertSameRestore(scene, { timestamp: new Date(time) })
  })
}

/** At most six items, from the first to the last. */
function spread<T>(items: readonly T[]): T[] {
  const step = Math.max(1, (items.length - 1) / 5)
  return items.filter((_, n) => Math.floor(n / step) > Math.floor((n - 1) / step))
}

let outputs = 0

async function restoreOurs(scene: Scene, target: RestoreTarget): Promise<string> {
  const outputPath = scene.box.path(`ours-${++outputs}.db`)
  const client = new FileStorage({ type: 'file', path: scene.replicaPath })
  await restoreDatabase(client, 'file', { outputPath, ...target }, logLines().logger)
  return outputPath
}

async function assertSameRestore(scene: Scene, target: RestoreTarget): Promise<void> {
  const theirs = await scene.restore({ tool: litestream, ...target })
  const ours = await restoreOurs(scene, target)
  const what = JSON.stringify(target)
  assert.ok(readFileSync(ours).equals(readFileSync(theirs)), `The same bytes for ${what}`)
  assertSameDatabase(ours, theirs, what)
  assertCommittedState(ours)
}

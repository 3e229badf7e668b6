import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { assertSameDatabase } from '../support/compare.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

/** LZ4 blocks of the format hold this much: a larger snapshot has several. */
const BLOCK_BYTES = 4 << 20

for (const pageSize of [512, 4096, 65536]) {
  for (const incompressible of [true, false]) {
    const content = incompressible ? 'incompressible' : 'compressible'
    test(`Litestream restores what we wrote: page size ${pageSize}, ${content} rows`, { skip }, async (t) => {
      const scene = new Scene(t, {
        database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 },
        replica: { 'sync-interval': '50ms' },
      })
      mkdirSync(dirname(scene.db))
      const app = { path: scene.db, pageSize, incompressible, autocheckpointPages: 0 }
      const filler = await startWriter(scene.box, {
        ...app,
        maxCommits: 100,
        rowsPerCommit: 100,
        rowBytes: [1500, 3000],
      })
      await filler.finished(60_000)
      await scene.startEngine()
      const writer = await startWriter(scene.box, { ...app, commitsPerSecond: 100, rowBytes: [100, 3000] })
      await waitUntil('Several indexes, and several segments of one', () => {
        const segments = scene.generations()[0]?.segments ?? []
        return segments.some(({ index }) => index >= 3) && segments.some(({ offset }) => offset > 0)
      })
      await writer.stop()
      await scene.stopEngine()
      const snapshot = scene.generations()[0]?.snapshots[0]
      assert.ok(snapshot)
      if (incompressible) assert.ok(snapshot.sizeBytes > BLOCK_BYTES, `Snapshot of ${snapshot.sizeBytes} bytes`)

      const restored = await scene.restore({ tool: litestream })
      assert.equal(assertCommittedState(restored), writer.lastCommit())
      assertSameDatabase(restored, scene.db)
    })
  }
}

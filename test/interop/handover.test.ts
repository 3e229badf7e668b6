import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { assertSameDatabase } from '../support/compare.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream, type Tool, toolUnderTest } from '../support/tool.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const wherry = toolUnderTest()
const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const orders: Record<string, Tool[]> = {
  'Litestream, then Wherry': [litestream, wherry],
  'Wherry, then Litestream': [wherry, litestream],
  'Litestream, Wherry, and Litestream again': [litestream, wherry, litestream],
}

for (const [name, tools] of Object.entries(orders)) {
  for (const app of ['keeps the database open', 'stops with the engine'] as const) {
    test(`One database and replica under ${name}; the app ${app}`, { skip }, async (t) => {
      const scene = new Scene(t, {
        database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 },
        replica: { 'sync-interval': '50ms' },
      })
      mkdirSync(dirname(scene.db))
      const newWriter = () => startWriter(scene.box, { path: scene.db, commitsPerSecond: 500, autocheckpointPages: 0 })
      let writer = await newWriter()
      let before = new Map<string, string>()
      for (const [turn, tool] of tools.entries()) {
        if (!writer.program.running) writer = await newWriter()
        await scene.startEngine(tool)
        await scene.firstSnapshot()
        // Enough for several indexes, and something while no engine runs.
        await writer.moreCommits(400)
        const last = turn === tools.length - 1
        if (last || app === 'stops with the engine') await writer.stop()
        await scene.stopEngine()
        const now = objectHashes(scene)
        assert.ok(now.size > before.size, `Turn ${turn}: ${tool.name} wrote nothing`)
        for (const [path, hash] of before) assert.equal(now.get(path), hash, `Turn ${turn}: ${path} was changed`)
        before = now
        if (writer.program.running) await writer.moreCommits(20)
      }

      for (const tool of [litestream, wherry]) {
        const restored = await scene.restore({ tool })
        assert.equal(assertCommittedState(restored), writer.lastCommit(), `Restored by ${tool.name}`)
        assertSameDatabase(restored, scene.db)
      }
    })
  }
}

/** The content of every object in the replica, by path. */
function objectHashes(scene: Scene): Map<string, string> {
  const objects = scene.generations().flatMap(({ snapshots, segments }) => [...snapshots, ...segments])
  return new Map(objects.map(({ path }) => [path, createHash('sha1').update(readFileSync(path)).digest('hex')]))
}

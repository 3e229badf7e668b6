import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { newKeys } from '../engine/storage/age/keys.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream, type Tool, toolUnderTest } from '../support/tool.ts'
import { startWriter, type Writer } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const wherry = toolUnderTest()
const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const { age } = await newKeys()
const database = { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 }
const replica = { 'sync-interval': '50ms' }

/** Runs one engine after the other on one database, under one writer, and returns the writer at its end. */
async function replicateBy(scene: Scene, tools: readonly Tool[]): Promise<Writer> {
  mkdirSync(dirname(scene.db), { recursive: true })
  const writer = await startWriter(scene.box, { path: scene.db, commitsPerSecond: 300, autocheckpointPages: 0 })
  for (const [turn, tool] of tools.entries()) {
    await scene.startEngine(tool)
    await scene.firstSnapshot()
    await writer.moreCommits(300)
    if (turn === tools.length - 1) await writer.stop()
    await scene.stopEngine()
    if (writer.program.running) await writer.moreCommits(20)
  }
  return writer
}

async function assertRestores(scene: Scene, tools: readonly Tool[], writer: Writer): Promise<void> {
  for (const tool of tools) {
    const restored = await scene.restore({ tool, from: scene.db, config: scene.box.path('config.yml') })
    assert.equal(assertCommittedState(restored), writer.lastCommit(), `Restored by ${tool.name}`)
    assertSameDatabase(restored, scene.db)
  }
}

function objects(scene: Scene): Buffer[] {
  const found = scene.generations().flatMap(({ snapshots, segments }) => [...snapshots, ...segments])
  return found.map(({ path }) => readFileSync(path))
}

const orders: Record<string, Tool[]> = {
  Wherry: [wherry],
  Litestream: [litestream],
  'Wherry, then Litestream': [wherry, litestream],
  'Litestream, Wherry, and Litestream again': [litestream, wherry, litestream],
}

for (const [name, tools] of Object.entries(orders)) {
  test(`Encrypted by ${name}: either restores it, and each went on with what the other left`, { skip }, async (t) => {
    const scene = new Scene(t, { database, replica: { ...replica, age: { ...age } } })
    const writer = await replicateBy(scene, tools)
    const stored = objects(scene)
    assert.ok(stored.length > 2)
    for (const object of stored) assert.equal(object.subarray(0, 22).toString(), 'age-encryption.org/v1\n')
    await assertRestores(scene, [litestream, wherry], writer)
  })
}

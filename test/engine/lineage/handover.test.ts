import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { examineDatabase } from '../../../engine/lineage/examine.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../../engine/options.ts'
import { removeDatabase } from '../../support/replication.ts'
import { Scene } from '../../support/scene.ts'
import { hasLitestream, litestream, type Tool, wherry } from '../../support/tool.ts'
import { startWriter } from '../../support/writer-process.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

async function relation(scene: Scene): Promise<string | undefined> {
  const metaPath = join(dirname(scene.db), '.app.db-wherry')
  const storage = { type: 'file', path: scene.replicaPath } as const
  const replicas = [{ name: 'r', storage, ...replicaDefaults }]
  const options: DatabaseOptions = { path: scene.db, metaPath, ...databaseDefaults, replicas }
  const [finding] = (await examineDatabase(options, AbortSignal.timeout(20_000))).replicas
  return finding?.kind === 'holds' ? finding.relation : finding?.kind
}

function newScene(t: test.TestContext): Scene {
  const scene = new Scene(t, {
    database: { 'monitor-interval': '20ms', 'min-checkpoint-page-count': 50 },
    replica: { 'sync-interval': '20ms' },
  })
  mkdirSync(dirname(scene.db))
  return scene
}

for (const end of ['stops', 'is killed'] as const) {
  for (const app of ['keeps the database open', 'stops with the engine'] as const) {
    test(`What Litestream wrote is the database’s own, in any order of the two; each ${end}, the app ${app}`, {
      skip,
    }, async (t) => {
      const scene = newScene(t)
      const newWriter = () => startWriter(scene.box, { path: scene.db, commitsPerSecond: 500, autocheckpointPages: 0 })
      let writer = await newWriter()
      const tools: Tool[] = [litestream, wherry, litestream, litestream, wherry, wherry, litestream]
      for (const [turn, tool] of tools.entries()) {
        if (!writer.program.running) writer = await newWriter()
        await scene.startEngine(tool)
        await scene.firstSnapshot()
        await writer.moreCommits(150)
        if (app === 'stops with the engine') await writer.stop()
        if (end === 'stops') await scene.stopEngine()
        else await scene.killEngine()
        const found = await relation(scene)
        assert.equal(found, 'same', `After turn ${turn}, of ${tool.name}`)
      }
      if (writer.program.running) await writer.stop()
      assert.equal(await relation(scene), 'same')
    })
  }
}

test('A folder that Litestream left says nothing about another database', { skip }, async (t) => {
  const scene = newScene(t)
  const options = { path: scene.db, commitsPerSecond: 500, autocheckpointPages: 0 }
  const first = await startWriter(scene.box, options)
  await scene.startEngine(litestream)
  await first.moreCommits(100)
  await scene.firstSnapshot()
  await first.stop()
  await scene.stopEngine()
  assert.equal(await relation(scene), 'same')
  removeDatabase(scene.db)
  const second = await startWriter(scene.box, options)
  await second.moreCommits(10)
  await second.stop()
  assert.equal(await relation(scene), 'unproven')
})

test('Without its folder, the WAL that Litestream left proves what it wrote', { skip }, async (t) => {
  const scene = newScene(t)
  const writer = await startWriter(scene.box, { path: scene.db, commitsPerSecond: 500, autocheckpointPages: 0 })
  await scene.startEngine(litestream)
  await scene.firstSnapshot()
  await writer.moreCommits(100)
  await writer.stop()
  await scene.stopEngine()
  rmSync(join(dirname(scene.db), '.app.db-litestream'), { recursive: true })
  assert.equal(await relation(scene), 'same')
})

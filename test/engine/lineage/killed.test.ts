import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { examineDatabase } from '../../../engine/lineage/examine.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../../engine/options.ts'
import { writeConfig } from '../../support/replication.ts'
import { Scene } from '../../support/scene.ts'
import { startWriter } from '../../support/writer-process.ts'
import { assertCommittedState } from '../../support/writer-state.ts'

const KILLS = 12

/** What a boot would find: every replica either holds the database's own past or nothing. */
async function assertSame(scene: Scene): Promise<string> {
  const metaPath = join(dirname(scene.db), '.app.db-wherry')
  const storage = { type: 'file', path: scene.replicaPath } as const
  const replicas = [{ name: 'r', storage, ...replicaDefaults }]
  const options: DatabaseOptions = { path: scene.db, metaPath, ...databaseDefaults, replicas }
  const { local, replicas: findings } = await examineDatabase(options, AbortSignal.timeout(20_000))
  assert.equal(local.kind, 'present')
  const [finding] = findings
  const found = finding?.kind === 'holds' ? finding.relation : finding?.kind
  assert.ok(found === 'same' || found === 'empty', JSON.stringify(finding))
  return found
}

for (const app of ['keeps the database open', 'is killed with it, and starts again'] as const) {
  test(`An engine that is killed at any moment leaves the same history; the app ${app}`, async (t) => {
    const scene = new Scene(t, {
      database: { 'monitor-interval': '10ms', 'min-checkpoint-page-count': 20 },
      replica: { 'sync-interval': '10ms' },
    })
    const { box, tool, db, replicaPath } = scene
    mkdirSync(dirname(db))
    const newWriter = () => startWriter(box, { path: db, commitsPerSecond: 500, autocheckpointPages: 0 })
    let writer = await newWriter()
    await writer.moreCommits(10)
    const database = { 'monitor-interval': '10ms', 'min-checkpoint-page-count': 20 }
    const config = writeConfig(box, [{ db, database, replica: { path: replicaPath, 'sync-interval': '10ms' } }])
    const found: string[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const engine = box.start([...tool.command, 'replicate', '-config', config])
      // Some end while it opens the database, some while it meets the replica, some under way.
      if (kill % 3 > 0) await engine.waitForOutput(/replicating to/)
      await sleep(Math.random() * 300)
      // While it runs, what it sends is never ahead of what it says.
      if (kill % 3 === 2) found.push(await assertSame(scene))
      await engine.stop('SIGKILL')
      found.push(await assertSame(scene))
      if (app !== 'keeps the database open') {
        await writer.program.stop('SIGKILL')
        found.push(await assertSame(scene))
        writer = await newWriter()
      }
      await writer.moreCommits(5)
      found.push(await assertSame(scene))
    }
    assert.ok(found.filter((each) => each === 'same').length > KILLS, `Mostly nothing was stored: ${found}`)
    await scene.startEngine()
    await writer.stop()
    await scene.stopEngine()
    assert.equal(await assertSame(scene), 'same')
    assert.equal(assertCommittedState(await scene.restore()), writer.lastCommit())
  })
}

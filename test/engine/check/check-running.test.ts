/** Checks of a replica that an engine writes to, and removes from, all the time. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { Scene } from '../../support/scene.ts'
import { wherry } from '../../support/tool.ts'
import { startWriter } from '../../support/writer-process.ts'

const CHECKS = 8

test('While an engine replicates and its retention deletes, there is no false alarm', async (t) => {
  const scene = new Scene(t, {
    tool: wherry,
    database: { 'monitor-interval': '20ms', 'min-checkpoint-page-count': 10 },
    replica: {
      'sync-interval': '20ms',
      'snapshot-interval': '300ms',
      retention: '500ms',
      'retention-check-interval': '100ms',
    },
  })
  const { box } = scene
  mkdirSync(dirname(scene.db))
  const writer = await startWriter(box, { path: scene.db, commitsPerSecond: 100, deleteShare: 0.2 })
  await scene.startEngine()
  await scene.firstSnapshot()
  const removed = (): number => scene.engine.output.match(/msg="snapshot deleted"/g)?.length ?? 0
  for (let n = 0; n < CHECKS || removed() < CHECKS; n++) {
    assert.ok(n < 10 * CHECKS, `${removed()} snapshots were deleted meanwhile`)
    const { code, stdout, stderr } = await box.run([...wherry.command, 'check', `file://${scene.replicaPath}`])
    assert.equal(code, 0, `${stdout}${stderr}`)
  }
  await writer.stop()
  await scene.stopEngine()
})

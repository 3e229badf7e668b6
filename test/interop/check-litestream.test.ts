import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import test from 'node:test'
import { exitStatuses } from '../../entrypoint/exit-codes.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream, wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

test('wherry check of what Litestream writes: good while it runs and after, and damage is named', {
  skip,
}, async (t) => {
  const scene = new Scene(t, {
    tool: litestream,
    database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 20 },
    replica: { 'sync-interval': '50ms', 'snapshot-interval': '1s' },
  })
  const check = (...args: string[]) =>
    scene.box.run([...wherry.command, 'check', '-json', ...args, `file://${scene.replicaPath}`])
  mkdirSync(dirname(scene.db))
  const writer = await startWriter(scene.box, { path: scene.db, autocheckpointPages: 0, commitsPerSecond: 100 })
  await scene.startEngine()
  await waitUntil('Several indexes, and a second snapshot', () => {
    const [generation] = scene.generations()
    return (generation?.segments.at(-1)?.index ?? 0) >= 4 && (generation?.snapshots.length ?? 0) >= 2
  })
  const running = await check()
  assert.equal(running.code, 0, running.stdout + running.stderr)
  await writer.stop()
  await scene.stopEngine()
  const good = await check()
  assert.equal(good.code, 0, good.stdout)
  assert.equal(JSON.parse(good.stdout).replicas[0].restored.integrity, 'ok')

  const [generation] = scene.generations()
  const objects = [generation?.snapshots[0], generation?.segments[0], generation?.segments.at(-1)]
  for (const path of objects.map((object) => object?.path ?? '')) {
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1))
    const cut = await check('-quick')
    assert.equal(cut.code, exitStatuses.ERR_REPLICA_DAMAGED)
    assert.deepEqual(
      JSON.parse(cut.stdout).replicas[0].faults.map(({ object }: { object: string }) => object),
      [relative(scene.replicaPath, path)],
    )
    writeFileSync(path, bytes)
  }
  rmSync(objects[1]?.path ?? '')
  assert.equal((await check('-quick')).code, exitStatuses.ERR_REPLICA_DAMAGED)
})

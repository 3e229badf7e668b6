/** Storage whose clock is not this machine's, and snapshots for retention that fail. */
import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../../support/app-process.ts'
import { readReplica } from '../../support/replica-files.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable } from '../../support/watched-storage.ts'

const hourMs = 3_600_000
const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'
const database = { minCheckpointPageCount: 5 }
const retaining = { retentionMs: 24 * hourMs, retentionCheckIntervalMs: 20 }

async function begin(t: test.TestContext) {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  return { unit, app }
}

for (const [name, clock] of Object.entries({
  'what it lists and what it answers': { listsMs: -100 * hourMs, writesMs: -100 * hourMs },
  'what it lists, as of S3': { listsMs: -100 * hourMs, writesMs: 0 },
})) {
  test(`A storage whose clock is behind by more than retention in ${name}: what is young stays, and is not taken again`, async (t) => {
    const { unit, app } = await begin(t)
    await unit.start()
    await unit.synced()
    await unit.stop()
    const [young] = readReplica(unit.replicaPath())
    rmSync(unit.metaPath, { recursive: true })
    const behind = (options: Parameters<Unit['start']>[1]) =>
      unit.start(([storage]) => {
        if (storage !== undefined) storage.clock = clock
      }, options)
    await behind({ database, replicas: [{ ...retaining, snapshotIntervalMs: 500 }] })
    while (unit.linesOf('snapshot written').length < 4) {
      await app.exec(insert)
      await unit.synced()
      await sleep(20)
    }
    await unit.stop()
    const held = readReplica(unit.replicaPath())
    assert.deepEqual(
      held.map(({ name }) => name).sort(),
      [young?.name ?? '', unit.generation].sort(),
      'the other generation is as young',
    )
    assert.ok((held.find(({ name }) => name === unit.generation)?.snapshots.length ?? 0) > 1, 'all but the newest went')
    const told = unit.lines.filter(({ message }) => message.includes("clock is behind this machine's"))
    assert.equal(told.length, 1)
    assert.equal(told[0]?.level, 'warn')

    // It does not know the clock at its start: one snapshot tells it.
    const before = unit.linesOf('snapshot written').length
    await behind({ database, replicas: [retaining] })
    for (let commits = 0; commits < 60; commits++) {
      await app.exec(insert)
      await unit.synced()
      await sleep(50)
    }
    assert.ok(unit.linesOf('snapshot written').length <= before + 1)
    await unit.stop()
    await unit.assertRestorable()
  })
}

test('A snapshot for retention that fails is tried again ever more rarely', async (t) => {
  const { unit, app } = await begin(t)
  await unit.start()
  await unit.synced()
  await unit.stop()
  const old = new Date(Date.now() - 100 * hourMs)
  for (const { snapshots } of readReplica(unit.replicaPath()))
    for (const { path } of snapshots) utimesSync(path, old, old)
  await unit.start(
    ([storage]) => {
      if (storage !== undefined) storage.gate = ({ method }) => void (method === 'writeSnapshot' && unreachable())
    },
    { database, replicas: [retaining] },
  )
  const tries = (): number => unit.storage.count('writeSnapshot')
  await waitUntil(
    'Six tries',
    async () => {
      await app.exec(insert)
      return tries() >= 6
    },
    { timeoutMs: 30_000 },
  )
  const times = unit.storage.calls.filter(({ method }) => method === 'writeSnapshot').map(({ atMs }) => atMs)
  // The fifth failure is followed by a wait of four seconds, or of half of that at least.
  const [, , , , fifth = 0, sixth = 0] = times
  assert.ok(sixth - fifth >= 2000, `${sixth - fifth} ms`)
  await unit.crash()
})

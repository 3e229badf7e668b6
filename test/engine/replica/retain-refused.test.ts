/** Replicas that may only be added to, and retention that takes long. */
import assert from 'node:assert/strict'
import { readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WherryError } from '../../../engine/errors.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { readReplica } from '../../support/replica-files.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { hang, type StorageCall, type WatchedStorage } from '../../support/watched-storage.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'
const checkMs = 30

/** A check is due all the time; what is kept is a day's. */
const retaining = { replicas: [{ retentionMs: 24 * 3_600_000, retentionCheckIntervalMs: checkMs }] }

function denied(call: StorageCall): never {
  throw new WherryError('ERR_STORAGE_DENIED', `S3 refused ${call.method} (403 AccessDenied): check the policy`)
}

/** A unit whose replica holds a generation of long ago, and runs with a new one. */
async function begin(t: TestContext, gate: WatchedStorage['gate']): Promise<{ unit: Unit; app: App; old: string }> {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await unit.start()
  await unit.synced()
  await unit.stop()
  const old = unit.generation
  const time = new Date(Date.now() - 100 * 3_600_000)
  for (const { snapshots, segments } of readReplica(unit.replicaPath())) {
    for (const { path } of [...snapshots, ...segments]) utimesSync(path, time, time)
  }
  rmSync(unit.metaPath, { recursive: true })
  await unit.start(([storage]) => {
    if (storage !== undefined) storage.gate = gate
  }, retaining)
  return { unit, app, old }
}

const generations = (unit: Unit): string[] => readdirSync(join(unit.replicaPath(), 'generations'))

test('A replica that refuses to delete is told of once and asked ever more rarely; all else goes on', async (t) => {
  let mayDelete = false
  const { unit, app, old } = await begin(t, (call) => {
    if (call.method.startsWith('delete') && !mayDelete) denied(call)
  })
  const { level, fields } = await unit.logged('retention cannot delete, nothing is deleted until it can')
  assert.equal(level, 'warn')
  assert.equal(fields.replica, 'replica-0')
  assert.equal(fields['missing-right'], 'to write in its folders')
  assert.match(String(fields.error), /403 AccessDenied/)
  await sleep(20 * checkMs)
  await app.exec(insert)
  await unit.synced()
  // After 1, 2, 4, 8, 16 intervals.
  const tries = unit.storage.count('deleteGeneration')
  assert.ok(tries >= 2 && tries <= 8, `${tries} tries`)
  assert.deepEqual(generations(unit).sort(), [old, unit.generation].sort())

  mayDelete = true
  await unit.logged('retention can delete again')
  await waitUntil('The end of the old generation', () => !generations(unit).includes(old))
  assert.equal(unit.linesOf('retention cannot delete, nothing is deleted until it can').length, 1)
  assert.equal(unit.linesOf('retention can delete again').length, 1)
  assert.equal(unit.linesOf('retainer error').length, 0)
  await unit.stop()
  await unit.assertRestorable()
})

test('Where nothing can be deleted, snapshots that retention needs are still taken', async (t) => {
  const { unit, app } = await begin(t, (call) => {
    if (call.method.startsWith('delete')) denied(call)
  })
  await unit.logged('retention cannot delete, nothing is deleted until it can')
  await unit.stop()
  const count = unit.linesOf('snapshot written').length
  const young = { replicas: [{ retentionMs: 200, retentionCheckIntervalMs: checkMs }] }
  await unit.start(([storage]) => {
    if (storage !== undefined) storage.gate = (call) => void (call.method.startsWith('delete') && denied(call))
  }, young)
  while (unit.linesOf('snapshot written').length < count + 3) {
    await app.exec(insert)
    await unit.synced()
    await sleep(checkMs)
  }
  await unit.stop()
  await unit.assertRestorable()
})

test('A replica that refuses to list while it runs is written to; retention tells of it once, and when it may again', async (t) => {
  let mayList = true
  const { unit, app, old } = await begin(t, (call) => {
    // The start needs lists.
    if (call.method === 'writeSnapshot') mayList = false
    if (call.method === 'generations' && !mayList) denied(call)
  })
  const { level, fields } = await unit.logged('retention cannot list, nothing is deleted until it can')
  assert.equal(level, 'warn')
  assert.equal(fields['missing-right'], 'to read its folders')
  await sleep(10 * checkMs)
  await app.exec(insert)
  await unit.synced()
  mayList = true
  await unit.logged('retention can list again')
  await waitUntil('The end of the old generation', () => !generations(unit).includes(old))
  assert.equal(unit.linesOf('retention cannot list, nothing is deleted until it can').length, 1)
  await unit.stop()
  await unit.assertRestorable()
})

test('A deletion that takes long holds up neither uploads nor the end', async (t) => {
  let isStuck = false
  const { unit, app } = await begin(t, async (call, signal) => {
    if (call.method !== 'deleteGeneration') return
    isStuck = true
    await hang(signal)
  })
  await waitUntil('A deletion that hangs', () => isStuck)
  for (let commits = 0; commits < 3; commits++) {
    await app.exec(insert)
    await unit.synced()
  }
  assert.equal(unit.storage.count('deleteGeneration'), 1)
  await unit.stop()
  assert.equal(unit.linesOf('retainer error').length, 0)
  await unit.assertRestorable()
})

/** Validations that end early, and those that wait. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { hang } from '../../support/watched-storage.ts'
import { copies, insert, nextWith, validated, validationIntervalMs } from './validator-scene.ts'

/** Lets the next validation hang, as it reads all there is or as it restores a copy. Returns what ends that. */
async function hangingAt(unit: Unit, stage: 'reading' | 'copy'): Promise<() => void> {
  await nextWith(unit, 'ok')
  const isHanging = Promise.withResolvers<void>()
  unit.storage.gate = ({ method }, signal) => {
    if (method !== 'openSnapshot' || stage !== (copies(unit).length === 0 ? 'reading' : 'copy')) return
    isHanging.resolve()
    return hang(signal)
  }
  await isHanging.promise
  return () => {
    unit.storage.gate = () => {}
  }
}

for (const stage of ['reading', 'copy'] as const) {
  test(`The end of the engine ends a validation: ${stage}`, async (t) => {
    const { unit, app } = await validated(t)
    await hangingAt(unit, stage)
    await app.repeat(3, insert)
    await unit.stop()
    assert.deepEqual(copies(unit), [])
    await unit.assertRestorable()
    assert.equal(unit.linesOf('validation error').length, 0)
  })
}

test('The end of a generation ends a validation, and the next one is of the new generation', async (t) => {
  const { unit } = await validated(t)
  const release = await hangingAt(unit, 'copy')
  const old = unit.generation
  await unit.database.startGeneration(old, 'the test says so')
  await unit.logged('validation was put off')
  release()
  await unit.synced()
  const { fields } = await nextWith(unit, 'ok')
  assert.ok(unit.generation !== old && String(fields.position).startsWith(unit.generation))
  assert.equal(unit.replica.status.figures.validations.mismatches, 0)
})

test('Snapshots and uploads go on while a validation hangs', async (t) => {
  const { unit, app } = await validated(t, { replicas: [{ validationIntervalMs, snapshotIntervalMs: 100 }] })
  await hangingAt(unit, 'copy')
  const snapshots = unit.linesOf('snapshot written').length
  await app.repeat(10, insert)
  await unit.synced()
  await waitUntil('A snapshot', () => unit.linesOf('snapshot written').length > snapshots)
})

test('Two validations never run at a time', async (t) => {
  const { unit } = await validated(t, { replicas: [{ validationIntervalMs }, { validationIntervalMs }] })
  const [first, second] = unit.storages
  assert.ok(first && second)
  await unit.logged('validator', 2)
  const held = Promise.withResolvers<void>()
  let holder: number | undefined
  for (const [number, storage] of [first, second].entries()) {
    storage.gate = ({ method }) => {
      if (method !== 'openSnapshot' || (holder ?? number) !== number) return
      holder = number
      return held.promise
    }
  }
  await waitUntil('A validation that hangs', () => holder !== undefined)
  const other = holder === 0 ? second : first
  const reads = other.count('openSnapshot')
  await sleep(5 * validationIntervalMs)
  assert.equal(other.count('openSnapshot'), reads)
  held.resolve()
  await waitUntil('Its turn', () => other.count('openSnapshot') > reads)
})

test('What a process left that was killed goes at the next start', async (t) => {
  const { unit } = await validated(t)
  await unit.stop()
  const leftOver = unit.box.path('.app.db-wherry-check.0123456789abcdef.tmp')
  writeFileSync(leftOver, 'half a database')
  await unit.start(undefined, { replicas: [{ validationIntervalMs: 3_600_000 }] })
  assert.deepEqual(copies(unit), [])
})

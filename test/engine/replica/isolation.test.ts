import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../../support/app-process.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { type Gate, hang, unreachable } from '../../support/watched-storage.ts'
import { startWriter } from '../../support/writer-process.ts'
import { assertCommittedState } from '../../support/writer-state.ts'

const MiB = 1 << 20
const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'
const BUSY_TIMEOUT_MS = 2000

/** The index of the last segment that a replica has stored. */
async function lastIndex(unit: Unit, number: number): Promise<number> {
  const client = unit.stored(number)
  const generation = (await client.generations()).at(-1) ?? ''
  return (await client.segments(generation)).at(-1)?.index ?? -1
}

function toggle(): { gate: Gate; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { gate: async (_, signal) => void (await Promise.race([promise, hang(signal)])), open: resolve }
}

const deaths: Record<string, () => { gate: Gate; open(): void }> = {
  'hangs for ever': toggle,
  'fails always': () => {
    let isOpen = false
    return {
      gate: () => void (isOpen || unreachable()),
      open: () => {
        isOpen = true
      },
    }
  },
}

for (const [what, makeDeath] of Object.entries(deaths)) {
  test(`A replica that ${what} delays neither the other one, nor checkpoints, nor the app, and catches up later`, async (t) => {
    const unit = new Unit(t, { database: { minCheckpointPageCount: 100 }, replicas: [{}, {}] })
    await unit.start()
    const writer = await startWriter(unit.box, {
      path: unit.path,
      commitsPerSecond: 500,
      autocheckpointPages: 0,
      busyTimeoutMs: BUSY_TIMEOUT_MS,
    })
    await unit.synced(0)
    await unit.synced(1)
    const death = makeDeath()
    unit.storage.gate = death.gate
    const before = await lastIndex(unit, 1)
    await waitUntil('Checkpoints', async () => (await lastIndex(unit, 1)) >= before + 5)
    const report = await writer.stop()
    assert.equal(report.busyCommits, 0)
    assert.ok(report.worstCommitMs < BUSY_TIMEOUT_MS, `The worst commit took ${report.worstCommitMs} ms`)
    await unit.synced(1)
    assert.equal(assertCommittedState(await unit.restore(1)), writer.lastCommit())

    const sentBefore = unit.storage.calls.length
    death.open()
    await unit.synced(0)
    const sent = unit.storage.calls.slice(sentBefore).map(({ key }) => key)
    assert.deepEqual(sent, [...new Set(sent)].sort(), 'In order, each once')
    const byIndex = Map.groupBy(sent, (key) => key.split('_')[0])
    assert.ok(byIndex.size >= 3, `${byIndex.size} indexes`)
    // What was tried goes alone, and what came in since together.
    for (const [index, keys] of byIndex) assert.ok(keys.length <= 2, `${keys.length} objects of ${index}`)
    await unit.stop()
    for (const number of [0, 1]) await unit.assertRestorable(number)
    assert.deepEqual(unit.reasons, ['no generation exists'])
  })
}

test('The segments of one index travel together once the replica is back', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{}, {}] })
  const death = toggle()
  unit.storage.gate = death.gate
  for (let round = 1; round <= 10; round++) {
    await app.exec(insert)
    await unit.synced(1)
  }
  const others = unit.storages[1]?.count('writeSegment') ?? 0
  assert.ok(others >= 10)
  death.open()
  await unit.synced(0)
  // The one that hung with what it had, and the rest.
  const sent = unit.storage.calls.filter(({ method }) => method === 'writeSegment').length
  assert.ok(sent <= others - 8, `${sent} objects instead of ${others}`)
  await unit.stop()
  await unit.assertRestorable(0)
})

test('Failed tries come again after growing, jittered waits, however many commits come in', async (t) => {
  const { unit, app } = await scene(t, {})
  unit.storage.gate = unreachable
  const tries = (): number[] =>
    unit.storage.calls.filter(({ method }) => method === 'writeSegment').map((call) => call.atMs)
  const before = tries().length
  while (tries().length < before + 3) {
    await app.exec('INSERT INTO blobs VALUES (randomblob(100))')
    await sleep(10)
  }
  const lines = unit.linesOf('monitor error')
  const waits = lines.map(({ fields }) => Number.parseInt(String(fields['retry-in']), 10))
  for (const [number, atMs] of tries()
    .slice(before + 1)
    .entries()) {
    const gap = atMs - (tries()[before + number] ?? 0)
    const full = 250 * 2 ** number
    const wait = waits[number] ?? 0
    assert.ok(wait >= full / 2 - 1 && wait <= full + 1, `Wait ${number} is ${wait} ms`)
    assert.ok(gap >= wait - 5, `Try ${number} came after ${gap} ms instead of ${wait}`)
  }
  for (const { fields, level } of lines) {
    assert.equal(level, 'error')
    assert.match(String(fields.error), /The storage is unreachable/)
  }
  unit.storage.gate = () => {}
  await unit.logged('replica sync recovered')
  await unit.stop()
  await unit.assertRestorable()
})

test('Segments that wait go to memory, then to disk, then stay in the WAL; none is lost, and no file stays', async (t) => {
  const { unit, app } = await scene(t, { database: { spoolLimitBytes: 36 * MiB, minCheckpointPageCount: 500 } })
  const death = toggle()
  unit.storage.gate = death.gate
  const folder = join(unit.metaPath, 'spool')
  const spooled = (): number => (existsSync(folder) ? readdirSync(folder).length : 0)
  const warnings = () => unit.linesOf('spool is full, the WAL grows until a replica takes its segments')
  const fill = () => app.repeat(4, 'INSERT INTO blobs VALUES (randomblob(1000000))')
  await waitUntil('A full spool', async () => {
    await fill()
    return warnings().length > 0
  })
  assert.ok(spooled() > 0, 'On disk')
  const walBytes = () => statSync(`${unit.path}-wal`).size
  const grown = walBytes()
  for (let times = 0; times < 3; times++) await fill()
  await sleep(100)
  assert.ok(walBytes() >= grown + 12 * 1_000_000, 'The WAL grows')
  assert.equal(warnings().length, 1)
  assert.equal(warnings()[0]?.level, 'warn')
  const spoolBytes = Number(warnings()[0]?.fields.bytes)
  assert.ok(spoolBytes >= 36 * MiB && spoolBytes < 36 * MiB + 9 * MiB, `${spoolBytes} bytes`)

  death.open()
  await unit.synced()
  await waitUntil('No file', () => spooled() === 0)
  await unit.stop()
  assert.equal(existsSync(folder), false)
  await unit.assertRestorable()
  assert.deepEqual(unit.reasons, ['no generation exists'])
})

const tooFarBehind = 'replica is too far behind, it will begin again with a snapshot'

test('A replica that gave its backlog up begins again with a snapshot, once', async (t) => {
  const { unit, app } = await scene(t, {
    database: { spoolLimitBytes: 200_000, minCheckpointPageCount: 50 },
    replicas: [{}, {}],
  })
  unit.storage.gate = unreachable
  for (let round = 0; round < 10; round++) {
    await app.repeat(100, insert)
    await unit.synced(1)
  }
  await unit.logged(tooFarBehind)
  unit.storage.gate = () => {}
  await unit.synced(0)
  const warnings = unit.linesOf(tooFarBehind).length
  await app.repeat(100, insert)
  await unit.synced(0)
  assert.equal(unit.linesOf(tooFarBehind).length, warnings)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
  assert.deepEqual(unit.reasons, ['no generation exists'])
})

test('A backlog that is given up while the first snapshot is being stored leaves no gap', async (t) => {
  const unit = new Unit(t, { database: { spoolLimitBytes: 100_000 }, replicas: [{}, {}] })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  let tries = 0
  const { gate: wait, open } = toggle()
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = async (call, signal) => {
      if (call.method !== 'writeSnapshot') return
      if (++tries <= 2) unreachable()
      await wait(call, signal)
    }
  })
  await waitUntil('The third try', () => tries === 3)
  for (let round = 0; round < 5; round++) {
    await app.repeat(50, insert)
    await sleep(30)
  }
  open()
  await unit.synced(0)
  await app.repeat(50, insert)
  await unit.synced(0)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

async function scene(t: TestContext, options: UnitOptions) {
  const unit = new Unit(t, options)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await unit.start()
  for (const number of unit.replicas.keys()) await unit.synced(number)
  return { unit, app }
}

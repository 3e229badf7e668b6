/** Validations beside a writer. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { startWriter } from '../../support/writer-process.ts'
import { copies } from './validator-scene.ts'

const VALIDATIONS = 12

test('While a writer writes and retention deletes there is no false alarm', async (t) => {
  const unit = new Unit(t, {
    database: { checkpointIntervalMs: 100, minCheckpointPageCount: 50 },
    replicas: [
      {
        validationIntervalMs: 50,
        snapshotIntervalMs: 300,
        retentionMs: 500,
        retentionCheckIntervalMs: 100,
      },
    ],
  })
  const options = { commitsPerSecond: 200, deleteShare: 0.3, rollbackShare: 0.05, bigShare: 0.01, vacuumEveryMs: 1500 }
  const writer = await startWriter(unit.box, { path: unit.path, ...options })
  await unit.start()
  const isEnough = (): boolean =>
    unit.linesOf('validator').length >= VALIDATIONS && unit.linesOf('snapshot deleted').length > 5
  await waitUntil('Validations', isEnough, {
    timeoutMs: 120_000,
    explain: () => JSON.stringify(unit.lines.slice(-20)),
  })
  const notOk = unit.linesOf('validator').filter(({ fields }) => fields.status !== 'ok')
  assert.deepEqual(notOk, [])
  await writer.stop()
  await unit.stop()
  assert.deepEqual(copies(unit), [])
  await unit.assertRestorable()
})

test('Uploads of a running writer go on during a validation', async (t) => {
  const unit = new Unit(t, { replicas: [{ validationIntervalMs: 3_600_000 }] })
  const bulk = { commitsPerSecond: 0, rowBytes: [3000, 4000], rowsPerCommit: 100, maxCommits: 400 } as const
  await (await startWriter(unit.box, { path: unit.path, ...bulk })).finished(60_000)
  await unit.start()
  await unit.synced()
  await unit.stop()
  const writer = await startWriter(unit.box, { path: unit.path, commitsPerSecond: 100, seed: 2 })
  await unit.start()
  await writer.moreCommits(300)
  const alone = gapsOf(unit, 0, performance.now())
  await unit.stop()

  await unit.start(undefined, { replicas: [{ validationIntervalMs: 500 }] })
  await unit.logged('validator', 3)
  const during: number[] = []
  for (const [from, to] of validationsOf(unit)) {
    const gaps = gapsOf(unit, from, to)
    during.push(...gaps)
    assert.ok(gaps.length > 5, `${gaps.length} uploads within ${to - from} ms`)
  }
  await writer.stop()
  const { size } = { size: unit.database.figures.sizeBytes ?? 0 }
  t.diagnostic(
    `database: ${size >> 20} MiB; validations: ${unit.linesOf('validator').map(({ fields }) => fields.elapsed)}`,
  )
  t.diagnostic(`gaps between uploads of a writer, alone: ${summary(alone)}; during a validation: ${summary(during)}`)
  await unit.stop()
  await unit.assertRestorable()
})

/** When each validation read its first object, and its last. */
function validationsOf(unit: Unit): [number, number][] {
  const downloads = unit.storage.calls.filter(({ method }) => method === 'openSnapshot')
  const pairs: [number, number][] = []
  for (let i = 0; i + 1 < downloads.length; i += 2) {
    const [first, second] = [downloads[i], downloads[i + 1]]
    if (first !== undefined && second !== undefined) pairs.push([first.atMs, second.atMs])
  }
  return pairs
}

/** Gaps in ms between uploads within a time. */
function gapsOf(unit: Unit, from: number, to: number): number[] {
  const uploads = unit.storage.calls.filter(({ method, atMs }) => method === 'writeSegment' && atMs > from && atMs < to)
  return uploads.slice(1).map(({ atMs }, i) => atMs - (uploads[i]?.atMs ?? atMs))
}

function summary(gaps: readonly number[]): string {
  const sorted = gaps.toSorted((a, b) => a - b)
  const [median, late, last] = [0.5, 0.99, 1].map((share) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return `${sorted.length} of ${median?.toFixed(0)} ms, p99 ${late?.toFixed(0)} ms, longest ${last?.toFixed(0)} ms`
}

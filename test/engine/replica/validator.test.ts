/** What a validation finds out, and what it says. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import test, { type TestContext } from 'node:test'
import { WherryError } from '../../../engine/errors.ts'
import { formatPosition } from '../../../engine/format/names.ts'
import { startApp } from '../../support/app-process.ts'
import type { ReplicaGeneration } from '../../support/replica-files.ts'
import { waitUntil } from '../../support/wait.ts'
import { copies, insert, nextWith, stored, validated, validationIntervalMs } from './validator-scene.ts'

test('A replica that is well: a line and a count each time, and no file stays', async (t) => {
  const { unit, app } = await validated(t)
  await nextWith(unit, 'ok')
  await app.exec(insert)
  await unit.synced()
  const { level, fields } = await nextWith(unit, 'ok')
  const { position, figures } = unit.replica.status
  assert.ok(position)
  assert.deepEqual([level, fields.replica, fields.position], ['info', 'replica-0', formatPosition(position)])
  const { ok, mismatches, lastOkAt = 0 } = figures.validations
  assert.deepEqual([ok, mismatches], [unit.linesOf('validator').length, 0])
  assert.ok(lastOkAt <= Date.now() && lastOkAt > Date.now() - 60_000)
  await unit.stop()
  assert.deepEqual(copies(unit), [])
  await unit.assertRestorable()
})

test('The first one is an interval after the start, and nothing is read before', async (t) => {
  const { unit } = await validated(t, { replicas: [{ validationIntervalMs: 3_600_000 }] })
  await unit.stop()
  await unit.start(undefined, { replicas: [{ validationIntervalMs: 1500 }] })
  const startedAt = performance.now()
  await unit.synced()
  const reads = unit.storage.calls.length
  await unit.logged('validator')
  const first = unit.storage.calls[reads]
  assert.ok(first !== undefined && first.atMs - startedAt > 1200, JSON.stringify(unit.storage.calls))
})

test('Free pages, a database that shrinks, and WAL that cannot be checkpointed are no mismatch', async (t) => {
  const { unit, app } = await validated(t)
  await app.exec('DELETE FROM blobs WHERE rowid % 3 = 0')
  await nextWith(unit, 'ok')
  await app.repeat(5, insert)
  await app.exec('VACUUM')
  await app.exec('DELETE FROM blobs WHERE rowid > 20')
  await nextWith(unit, 'ok')
  const reader = await startApp(t, unit.path)
  await reader.exec('BEGIN')
  await reader.all('SELECT count(*) FROM blobs')
  await app.repeat(50, insert)
  await nextWith(unit, 'ok')
  assert.equal(unit.replica.status.figures.validations.mismatches, 0)
})

const damages: Record<string, { damage: (generation: ReplicaGeneration) => void; problem: string }> = {
  'a bit is flipped in the snapshot': {
    damage: ({ snapshots }) => flip(pathOf(snapshots[0])),
    problem: 'snapshots/[0-9a-f]{8}\\.snapshot\\.lz4 does not match its checksum: the newest state cannot be restored',
  },
  'a bit is flipped in a segment': {
    damage: ({ segments }) => flip(pathOf(segments[2])),
    problem: 'wal/[0-9a-f_]{17}\\.wal\\.lz4 does not match its checksum: .*',
  },
  'a segment is gone': {
    damage: ({ segments }) => remove(pathOf(segments[2])),
    problem: 'wal/[0-9a-f_]{17}\\.wal\\.lz4 is missing.*',
  },
  'the last segment is gone': {
    damage: ({ segments }) => remove(pathOf(segments.at(-1))),
    problem: ' restores to [0-9a-f]{16}/[0-9a-f]{8}:\\d+ only, and was stored up to [0-9a-f]{16}/[0-9a-f]{8}:\\d+$',
  },
  'the snapshot is gone': {
    damage: ({ snapshots }) => remove(pathOf(snapshots[0])),
    problem: 'snapshots is empty, .*: nothing of this replica can be restored',
  },
}

for (const [what, { damage, problem }] of Object.entries(damages)) {
  test(`A mismatch is counted, and its object named, when ${what}`, async (t) => {
    const { unit } = await validated(t)
    await nextWith(unit, 'ok')
    damage(stored(unit))
    const { level, fields } = await nextWith(unit, 'mismatch')
    assert.equal(level, 'error')
    assert.match(String(fields.error), new RegExp(`^generations/[0-9a-f]{16}/?${problem}`))
    const { position } = unit.replica.status
    assert.equal(fields.position, position && formatPosition(position))
    const { ok, mismatches } = unit.replica.status.figures.validations
    assert.deepEqual([ok > 0, mismatches > 0], [true, true])
    assert.deepEqual(copies(unit), [])
  })
}

test('Damage to what only older states need is a mismatch, and to what no restore needs is none', async (t) => {
  const { unit, app } = await validated(t, { replicas: [{ validationIntervalMs, snapshotIntervalMs: 100 }] })
  await waitUntil('Another snapshot', async () => {
    await app.exec(insert)
    return stored(unit).snapshots.length > 1
  })
  await unit.synced()
  const { snapshots, segments } = stored(unit)
  flip(pathOf(segments[0]))
  const { fields } = await nextWith(unit, 'mismatch')
  assert.match(String(fields.error), /cannot be restored; newer ones do not need it/)
  const next = snapshots.find(({ index }) => index > (segments[0]?.index ?? 0))
  for (const { path, index } of snapshots) if (index < (next?.index ?? 0)) rmSync(path)
  await nextWith(unit, 'ok')
})

test('Damage that is mended is over', async (t) => {
  const { unit } = await validated(t)
  const path = pathOf(stored(unit).segments[1])
  const before = readFileSync(path)
  flip(path)
  await nextWith(unit, 'mismatch')
  writeFileSync(path, before)
  const { figures } = unit.replica.status
  await nextWith(unit, 'ok')
  assert.ok((unit.replica.status.figures.validations.lastOkAt ?? 0) > (figures.validations.lastOkAt ?? 0))
})

test('A database that is not what was copied of it is a mismatch', async (t) => {
  const { unit } = await validated(t)
  await nextWith(unit, 'ok')
  // In another process: to open and close the file here would drop SQLite's locks on it.
  const page = 30
  const write = `const fd = fs.openSync(process.argv[1], 'r+'); fs.writeSync(fd, 'Nobody committed this', ${page * 4096 - 100})`
  execFileSync(process.execPath, ['-e', write, unit.path])
  const { fields } = await nextWith(unit, 'mismatch')
  assert.match(
    String(fields.error),
    /^generations\/\S+ restores to another database: page 30 differs from the live one$/,
  )
})

test('A storage that refuses says nothing of the replica', async (t) => {
  const { unit } = await validated(t)
  unit.storage.gate = ({ method }) => {
    if (method === 'openSnapshot') throw new WherryError('ERR_STORAGE_DENIED', 'The storage refuses: the test says so')
  }
  const { level, fields } = await unit.logged('validation error')
  assert.deepEqual([level, fields.error], ['error', 'The storage refuses: the test says so'])
  const { ok } = unit.replica.status.figures.validations
  await unit.logged('validation error', 3)
  const { validations } = unit.replica.status.figures
  assert.deepEqual([validations.ok, validations.mismatches], [ok, 0])
  unit.storage.gate = () => {}
  await nextWith(unit, 'ok')
})

test('No room for a copy is a warning', async (t) => {
  const { unit } = await validated(t, { replicas: [{ validationIntervalMs: 600 }] })
  const mock = fullDisk(t)
  const { level, fields } = await unit.logged('no room to validate the replica')
  assert.equal(level, 'warn')
  assert.match(String(fields.error), /^There is no folder with room for twice the \d+ bytes of the database/)
  assert.equal(unit.replica.status.figures.validations.mismatches, 0)
  mock.mock.restore()
  syncBuiltinESMExports()
  await nextWith(unit, 'ok')
})

function fullDisk(t: TestContext) {
  const mock = t.mock.method(fs, 'statfsSync', () => ({ bavail: 0, bsize: 4096 }))
  syncBuiltinESMExports()
  t.after(() => {
    mock.mock.restore()
    syncBuiltinESMExports()
  })
  return mock
}

function pathOf(object: { readonly path: string } | undefined): string {
  assert.ok(object)
  return object.path
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
  writeFileSync(path, bytes)
}

function remove(path: string): void {
  rmSync(path)
}

import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import test from 'node:test'
import { hasCode } from '../../../engine/errors.ts'
import { decodeFrame, decodeWhole, encodeFrame, encodeSkippable } from '../../../engine/format/lz4.ts'
import { keys } from '../../../engine/format/names.ts'
import { decodeWalMark, encodeWalMark, type WalMark } from '../../../engine/format/wal-mark.ts'
import { type RestoreRequest, restoreDatabase } from '../../../engine/restore/restore.ts'
import { buildReplica, damageWays } from '../../support/damaged-replica.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

const { logger } = logLines()

/** True for what the newest state is made of. */
function isNeeded(key: string): boolean {
  return /\/0000000[23][_.]/.test(key)
}

type Outcome = number | string

/** The commit that was restored, or the message of the error: which must be that of a damaged replica and name an object. */
async function outcome(replica: HandMadeReplica, request: Partial<RestoreRequest> = {}): Promise<Outcome> {
  const outputPath = replica.output()
  try {
    await restoreDatabase(replica.client, 'file', { outputPath, ...request }, logger)
    return replica.commitIn(outputPath)
  } catch (error) {
    if (!hasCode(error, 'ERR_REPLICA_DAMAGED')) throw error
    assert.match(
      error.message,
      /generations\/[0-9a-f]{16}\/(wal\/[0-9a-f]{8}_[0-9a-f]{8}\.wal|snapshots\/[0-9a-f]{8}\.snapshot)\.lz4/,
    )
    const left = readdirSync(replica.folder).filter((name) => name.startsWith('restored-') && name.includes('.tmp'))
    assert.deepEqual(left, [], 'No temporary file is left')
    assert.ok(!existsSync(outputPath))
    return error.message
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${outputPath}${suffix}`, { force: true })
  }
}

for (const marks of [true, false]) {
  const kind = marks ? 'with marks' : 'as Litestream writes it'

  test(`An object that was changed is an error or is not needed: replica ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    for (const key of replica.keys()) {
      const path = replica.path(key)
      const bytes = readFileSync(path)
      for (const [way, change] of Object.entries(damageWays).slice(isNeeded(key) ? 0 : -1)) {
        writeFileSync(path, change(bytes))
        const found = await outcome(replica)
        // A flip in the mark can make it somebody else's, which is passed over.
        if (found === replica.commits && (!isNeeded(key) || way.includes('flipped'))) continue
        assert.equal(typeof found, 'string', `${key} ${way}: commit ${found} was restored`)
      }
      writeFileSync(path, bytes)
    }
    assert.equal(await outcome(replica), replica.commits)
  })

  test(`A segment that was replaced by another one is an error: replica ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const segments = replica.keys().filter((key) => key.includes('/wal/'))
    for (const to of segments.filter(isNeeded)) {
      const bytes = readFileSync(replica.path(to))
      for (const from of segments.filter((key) => key !== to)) {
        copyFileSync(replica.path(from), replica.path(to))
        assert.equal(typeof (await outcome(replica)), 'string', `${to} is a copy of ${from}`)
      }
      writeFileSync(replica.path(to), bytes)
    }
  })

  test(`A segment too many is an error: replica ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const last = replica.wal().length
    const segment = (index: number, offset: number) => keys.segment({ generation: replica.generation, index, offset })
    const first = segment(3, 0)
    for (const [extra, message] of [
      [segment(3, 4152), `${first} overlaps ${segment(3, 4152)} with other content`],
      [segment(3, last + 4120), `${segment(3, last)} is missing`],
      [segment(3, last), `${segment(3, last)} is damaged: its frame at offset ${last} does not continue the WAL`],
      [segment(4, 0), marks ? `${segment(4, 0)} is of index 3` : `${segment(4, 0)} is not newer than ${first}`],
      [segment(5, 0), `${segment(4, 0)} is missing`],
    ] as const) {
      copyFileSync(replica.path(first), replica.path(extra))
      assert.equal(await outcome(replica), message)
      rmSync(replica.path(extra))
    }
  })

  test(`Indexes in the wrong order are an error: replica ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const swap = (key: string) => key.replace(/\/0000000([23])_/, (_, index) => `/0000000${5 - Number(index)}_`)
    const segments = replica.keys().filter((key) => key.includes('/wal/') && isNeeded(key))
    for (const key of segments) renameSync(replica.path(key), `${replica.path(key)}.aside`)
    for (const key of segments) renameSync(`${replica.path(key)}.aside`, replica.path(swap(key)))
    assert.match(String(await outcome(replica)), /wal\/00000003_00000000\.wal\.lz4 is (of index 2|not newer than)/)
  })

  test(`A deleted object is named, or not needed: replica ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const all = replica.keys()
    const lastOf = (index: number) => all.findLast((key) => key.includes(`/wal/0000000${index}_`))
    for (const key of all) {
      // That the last segment of an index is gone, only the mark in the next index tells.
      if (!marks && key === lastOf(2)) continue
      renameSync(replica.path(key), `${replica.path(key)}.aside`)
      const found = await outcome(replica)
      renameSync(`${replica.path(key)}.aside`, replica.path(key))
      if (key === lastOf(3)) assert.equal(found, replica.commits - 1)
      else if (isNeeded(key) && key.includes('/wal/'))
        assert.ok(String(found).startsWith(`${key} is missing`), `${found}`)
      else assert.equal(found, replica.commits, key)
    }
  })
}

test('An index that does not end where the next one says is an error', async (t) => {
  const replica = buildReplica(t, true)
  const key = keys.segment({ generation: replica.generation, index: 3, offset: 0 })
  let mark: WalMark | undefined
  const object = readFileSync(replica.path(key))
  const pieces = decodeFrame(Readable.from([object]), key, (payload) => {
    mark = decodeWalMark(payload)
  })
  const content = Buffer.concat(await Array.fromAsync(pieces))
  const end = mark as WalMark | undefined
  assert.ok(end)
  const tampered: WalMark[] = [
    { ...end, offset: end.offset - 4120 },
    { ...end, offset: end.offset - 1 },
    { ...end, checksum: { ...end.checksum, s1: (end.checksum.s1 ^ 1) >>> 0 } },
    { ...end, salt2: (end.salt2 ^ 1) >>> 0 },
  ]
  for (const changed of tampered) {
    replica.store(key, encodeFrame(content, encodeSkippable(encodeWalMark(changed))))
    assert.match(String(await outcome(replica)), new RegExp(`^${key} does not continue generations/`))
  }
  replica.store(key, encodeFrame(content, encodeSkippable(encodeWalMark({ ...end, offset: end.offset + 4120 }))))
  const missing = keys.segment({ generation: replica.generation, index: 2, offset: end.offset })
  assert.equal(await outcome(replica), `${missing} is missing: Index 2 goes up to offset ${end.offset + 4120}`)
})

test('An index that ends inside a transaction is an error, but for the newest', async (t) => {
  const replica = new HandMadeReplica(t, { marks: false })
  replica.snapshot()
  replica.put([1], 100)
  replica.put([2, 3, 4], 5000)
  replica.ship(replica.wal().length - 4120)
  const rest = replica.ship()
  replica.nextIndex()
  replica.put([5], 100)
  replica.ship()
  rmSync(replica.path(rest))
  assert.match(String(await outcome(replica)), new RegExp(`^${rest} is missing: .* ends inside a transaction$`))
  assert.equal(await outcome(replica, { index: 0 }), 1)
})

test('A snapshot of another index, or with less WAL than it needs, is an error', async (t) => {
  const replica = buildReplica(t, true)
  const [early = '', late = ''] = replica.keys().filter((key) => key.includes('/snapshots/'))
  const bytes = readFileSync(replica.path(late))
  copyFileSync(replica.path(early), replica.path(late))
  assert.equal(await outcome(replica), `${late} is the snapshot of index 0`)
  writeFileSync(replica.path(late), bytes)

  const wal = replica.keys().filter((key) => /\/wal\/0000000[23]_/.test(key))
  for (const key of wal) rmSync(replica.path(key))
  assert.match(String(await outcome(replica)), new RegExp(`${wal[0]} is missing: ${late} needs WAL up to offset`))
})

test('A snapshot of another database is an error', async (t) => {
  const replica = buildReplica(t, true)
  const other = buildReplica(t, true)
  const key = replica.keys().findLast((name) => name.includes('/snapshots/')) ?? ''
  copyFileSync(other.path(key), replica.path(key))
  assert.equal(await outcome(replica), `${key} does not belong to its WAL`)
})

test('A snapshot that needs no WAL of another database is an error', async (t) => {
  const [replica, other] = [buildReplica(t, true), buildReplica(t, true)]
  for (const each of [replica, other]) {
    each.nextIndex()
    each.put([1], 500)
    each.snapshot()
    each.ship()
  }
  assert.equal(await outcome(replica), replica.commits)
  const key = keys.snapshot(replica.generation, 4)
  copyFileSync(other.path(key), replica.path(key))
  assert.equal(await outcome(replica), `${key} does not belong to its WAL`)
})

test('A snapshot that is no database is an error', async (t) => {
  const replica = new HandMadeReplica(t, { marks: false })
  const key = replica.snapshot()
  const image = await decodeWhole(readFileSync(replica.path(key)), key)
  for (const [content, why] of [
    [Buffer.alloc(0), 'is not an SQLite database'],
    [image.subarray(0, 99), 'is not an SQLite database'],
    [Buffer.alloc(8192), 'is not an SQLite database'],
    [image.subarray(0, -1), `has ${image.length - 1} bytes, not a multiple of its pages of 4096`],
  ] as const) {
    replica.store(key, encodeFrame(content))
    assert.equal(await outcome(replica), `${key} ${why}`)
  }
})

test('A snapshot and WAL of different page sizes are an error', async (t) => {
  const replica = new HandMadeReplica(t, { marks: false })
  const other = new HandMadeReplica(t, { marks: false, pageSize: 1024 })
  const key = replica.snapshot()
  other.put([1])
  copyFileSync(
    other.path(other.ship()),
    replica.path(replica.store(keys.segment({ ...other, offset: 0 }), Buffer.alloc(0))),
  )
  assert.equal(await outcome(replica), `${key} has page size 4096, and its WAL 1024`)
})

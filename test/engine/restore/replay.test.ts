import assert from 'node:assert/strict'
import { readFileSync, renameSync } from 'node:fs'
import test from 'node:test'
import { encodeFrame } from '../../../engine/format/lz4.ts'
import { keys } from '../../../engine/format/names.ts'
import { restoreDatabase } from '../../../engine/restore/restore.ts'
import { defaultTuning } from '../../../engine/restore/tuning.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'
import { replayWithSqlite } from '../../support/sqlite-replay.ts'

const { logger } = logLines()

const tunings = [
  defaultTuning,
  // Decoded WAL goes through the temporary file, and every segment is streamed.
  { ...defaultTuning, memoryLimitBytes: 0, fetchLimitBytes: 0 },
  // Some of it does.
  { ...defaultTuning, memoryLimitBytes: 200_000, fetchLimitBytes: 20_000 },
]

/** Bytes of pages that were never written: zeros, which no page in use is. */
function holes(image: Buffer, pageSize: number): number {
  const zeros = Buffer.alloc(pageSize)
  let count = 0
  for (let at = 0; at < image.length; at += pageSize) {
    if (image.subarray(at, at + pageSize).equals(zeros)) count += pageSize
  }
  return count
}

/** Restores the newest state, and holds it against SQLite's own replay and against the live database, byte for byte. */
async function assertReplay(replica: HandMadeReplica): Promise<void> {
  const [snapshot] = await replica.client.snapshots(replica.generation)
  assert.ok(snapshot)
  const replayed = await replayWithSqlite(replica.client, snapshot, replica.output())
  for (const tuning of tunings) {
    const outputPath = replica.output()
    const result = await restoreDatabase(replica.client, 'file', { outputPath }, logger, undefined, { tuning })
    assert.ok(readFileSync(outputPath).equals(replayed), 'The same bytes as SQLite')
    assert.equal(result.bytesWritten, replayed.length - holes(replayed, replica.pageSize), 'Each page is written once')
    assert.equal(replica.commitIn(outputPath), replica.commits)
    assert.equal(result.maxIndex, replica.index)
    assert.equal(result.pages * replica.pageSize, replayed.length)
  }
  assert.ok(replica.checkpointed().equals(replayed), 'The same bytes as the live database')
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

for (const pageSize of [512, 4096, 65536]) {
  test(`Restores to what SQLite replays: page size ${pageSize}`, async (t) => {
    const replica = new HandMadeReplica(t, { pageSize })
    replica.put(range(0, 300), pageSize / 3)
    replica.ship()
    replica.nextIndex()
    replica.snapshot()
    for (let index = 1; index <= 4; index++) {
      replica.put(range(index * 20, index * 50), pageSize / 3)
      replica.ship()
      replica.put([1, 2, index], pageSize * 3)
      replica.put([3], 10)
      replica.ship()
      if (index < 4) replica.nextIndex()
    }
    await assertReplay(replica)
  })

  test(`Restores what shrinks and grows again: page size ${pageSize}`, async (t) => {
    const replica = new HandMadeReplica(t, { pageSize })
    replica.put(range(0, 200), pageSize / 2)
    replica.ship()
    replica.nextIndex()
    replica.snapshot()
    replica.put(range(150, 250), pageSize / 2)
    replica.ship()
    replica.nextIndex()
    replica.commit((db) => db.exec('DELETE FROM item WHERE id > 40'))
    replica.db.exec('VACUUM')
    replica.ship()
    replica.nextIndex()
    // Grows over the cut pages, some of which are allocated and freed again without ever being written.
    replica.commit((db) => {
      db.exec(
        'CREATE TABLE passing AS SELECT * FROM item; INSERT INTO passing SELECT * FROM passing; DROP TABLE passing',
      )
      const put = db.prepare('INSERT INTO item VALUES (?, ?)')
      put.run(500, Buffer.alloc(pageSize * 2, 7))
    })
    replica.ship()
    replica.nextIndex()
    replica.put(range(41, 120), pageSize / 2)
    replica.commit((db) => db.exec('DELETE FROM item WHERE id > 60'))
    replica.db.exec('VACUUM')
    replica.put(range(600, 640), pageSize / 2)
    replica.ship()
    await assertReplay(replica)
  })
}

test('Restores what incremental_vacuum cuts', async (t) => {
  const replica = new HandMadeReplica(t, { autoVacuum: 'incremental' })
  replica.snapshot()
  replica.put(range(0, 400), 1000)
  replica.ship()
  replica.nextIndex()
  replica.commit((db) => db.exec('DELETE FROM item WHERE id % 3 = 0'))
  replica.db.pragma('incremental_vacuum(30)')
  replica.ship()
  replica.nextIndex()
  replica.put(range(0, 30), 1000)
  replica.db.pragma('incremental_vacuum')
  replica.ship()
  await assertReplay(replica)
})

test('Restores a snapshot of several blocks', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.put(range(0, 3000), 3500)
  replica.ship()
  replica.nextIndex()
  replica.snapshot()
  replica.put([1, 800, 801, 802, 2999, 3000], 3500)
  replica.ship()
  await assertReplay(replica)
})

test('Joins segments that were cut inside a transaction', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.snapshot()
  for (let index = 0; index < 3; index++) {
    replica.put(range(0, 100), 2000)
    for (let end = 32; end < replica.wal().length; end += 7 * 4120) replica.ship(end)
    replica.ship()
    if (index < 2) replica.nextIndex()
  }
  await assertReplay(replica)
})

for (const [what, cut] of [
  ['as far as', 0],
  ['farther than', 4120],
] as const) {
  test(`Joins segments where one reaches ${what} the next, as Litestream may store them when it ends`, async (t) => {
    const replica = new HandMadeReplica(t)
    replica.snapshot()
    replica.put(range(0, 100), 2000)
    replica.ship(32 + 5 * 4120)
    const whole = replica.wal()
    replica.ship(whole.length - cut)
    const first = keys.segment({ generation: replica.generation, index: 0, offset: 0 })
    replica.store(first, encodeFrame(whole))
    await assertReplay(replica)
  })
}

test('Ignores what follows the last commit of the newest index', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.snapshot()
  replica.put(range(0, 10), 500)
  replica.ship()
  const committedEnd = replica.wal().length
  replica.put(range(0, 100), 2000)
  replica.ship(replica.wal().length - 4120)
  const outputPath = replica.output()
  const result = await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.equal(replica.commitIn(outputPath), 1)
  assert.equal(result.position.offset, committedEnd)
})

test('Restores a snapshot that holds pages of its WAL already', async (t) => {
  const replica = new HandMadeReplica(t, { marks: false })
  replica.put(range(0, 100), 1000)
  const early = replica.snapshot()
  replica.ship()
  replica.put(range(50, 120), 1000)
  replica.ship()
  replica.nextIndex()
  const late = replica.snapshot()
  renameSync(replica.path(late), replica.path(early))
  replica.put([1], 10)
  replica.ship()
  await assertReplay(replica)
})

test('Restores a snapshot without WAL, and a WAL that is only a header', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.put(range(0, 100), 1000)
  replica.ship()
  replica.nextIndex()
  replica.snapshot()
  const alone = replica.output()
  const { pages, position } = await restoreDatabase(replica.client, 'file', { outputPath: alone }, logger)
  assert.equal(replica.commitIn(alone), 1)
  assert.equal(pages, readFileSync(alone).length / 4096)
  assert.deepEqual(position, { generation: replica.generation, index: 1, offset: 0 })

  replica.put([1])
  replica.ship(32)
  const withHeader = replica.output()
  const result = await restoreDatabase(replica.client, 'file', { outputPath: withHeader }, logger)
  assert.equal(replica.commitIn(withHeader), 1)
  assert.equal(result.position.offset, 32)
})

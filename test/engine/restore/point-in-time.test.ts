import assert from 'node:assert/strict'
import { rmSync, truncateSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { type RestoreRequest, restoreDatabase } from '../../../engine/restore/restore.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

const { logger } = logLines()

async function restoredCommit(replica: HandMadeReplica, request: Partial<RestoreRequest>): Promise<number> {
  const outputPath = replica.output()
  const result = await restoreDatabase(replica.client, 'file', { outputPath, ...request }, logger)
  assert.ok(request.timestamp === undefined || result.updatedAt <= request.timestamp)
  return replica.commitIn(outputPath)
}

test('Restores the state of every second and of every index', async (t) => {
  const replica = new HandMadeReplica(t)
  const start = 1_700_000_000
  const commitAt: number[] = []
  const commitOf: number[] = []
  replica.setTime(replica.snapshot(), start)
  for (let second = 1; second <= 20; second++) {
    replica.put([second, second % 5], 2000)
    replica.setTime(replica.ship(), start + second)
    commitAt[second] = replica.commits
    commitOf[replica.index] = replica.commits
    if (second % 4 !== 0 || second === 20) continue
    replica.nextIndex()
    if (second !== 8) continue
    replica.setTime(replica.snapshot(), start + second + 0.5)
  }
  for (const [second, commit] of commitAt.entries()) {
    if (second === 0) continue
    const timestamp = new Date((start + second) * 1000)
    assert.equal(await restoredCommit(replica, { timestamp }), commit)
    assert.equal(await restoredCommit(replica, { timestamp: new Date(timestamp.getTime() + 900) }), commit)
  }
  for (const [index, commit] of commitOf.entries()) {
    assert.equal(await restoredCommit(replica, { index }), commit)
    assert.equal(await restoredCommit(replica, { index, generation: replica.generation }), commit)
  }
})

test('A snapshot that needs WAL of after the time asked for gives way to the one before', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.setTime(replica.snapshot(), 1000)
  replica.put([1], 2000)
  replica.setTime(replica.ship(), 1001)
  replica.nextIndex()
  replica.put([2], 2000)
  replica.setTime(replica.ship(), 1005)
  // Storage that dates an object from the beginning of its upload.
  const late = replica.snapshot()
  replica.setTime(late, 1003)
  const lines = logLines()
  const outputPath = replica.output()
  const request = { outputPath, timestamp: new Date(1_004_000) }
  const { snapshotIndex } = await restoreDatabase(replica.client, 'file', request, lines.logger)
  assert.equal(snapshotIndex, 0)
  assert.equal(replica.commitIn(outputPath), 1)
  assert.equal(lines.lines.filter(({ level }) => level === 'warn').length, 1)
  assert.equal(await restoredCommit(replica, { timestamp: new Date(1_005_000) }), 2)
})

test('When there is no snapshot before, it says from when on there is a backup', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.put([1], 2000)
  const segment = replica.ship()
  replica.setTime(segment, 1005)
  const snapshot = replica.snapshot()
  replica.setTime(snapshot, 1003)
  await assert.rejects(restoredCommit(replica, { timestamp: new Date(1_004_000) }), {
    code: 'ERR_NO_BACKUP',
    message: `No matching backups found: ${snapshot} needs ${segment}, which was stored at 1970-01-01T00:16:45.000Z`,
  })
})

/** A replica of two indexes of three segments each, stored a second apart, and the keys of its segments. */
function twoIndexes(t: TestContext): { replica: HandMadeReplica; keys: string[] } {
  const replica = new HandMadeReplica(t)
  replica.setTime(replica.snapshot(), 1000)
  const keys: string[] = []
  for (const index of [0, 1]) {
    for (const _ of [0, 1, 2]) {
      replica.put([1], 2000)
      keys.push(replica.ship())
    }
    if (index === 0) replica.nextIndex()
  }
  for (const [n, key] of keys.entries()) replica.setTime(key, 1001 + n)
  return { replica, keys }
}

const lost: [string, number, Partial<RestoreRequest>][] = [
  ['the index asked for lacks its last segment', 2, { index: 0 }],
  ['the segment lacks that was stored before the time asked for, at the end of an index', 2, at(1003.5)],
  ['the segment lacks that was stored before the time asked for, within an index', 1, at(1002.5)],
]

for (const [what, n, request] of lost) {
  test(`Nothing less than asked for is restored when ${what}`, async (t) => {
    const { replica, keys } = twoIndexes(t)
    const key = keys[n] ?? ''
    assert.equal(await restoredCommit(replica, request), n + 1)
    rmSync(replica.path(key))
    const message = new RegExp(`^${key} is missing: Index 0 goes up to offset \\d+ at least$`)
    await assert.rejects(restoredCommit(replica, request), { code: 'ERR_REPLICA_DAMAGED', message })
  })
}

test('An index is restored though the one after it is damaged', async (t) => {
  const { replica, keys } = twoIndexes(t)
  truncateSync(replica.path(keys[3] ?? ''), 4)
  assert.equal(await restoredCommit(replica, { index: 0 }), 3)
})

function at(seconds: number): Partial<RestoreRequest> {
  return { timestamp: new Date(seconds * 1000) }
}

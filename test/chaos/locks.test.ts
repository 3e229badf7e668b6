import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { assertSameDatabase } from '../support/compare.ts'
import { covers, locksOf, READ_MARKS, SHARED_FIRST } from '../support/locks.ts'
import { Scene } from '../support/scene.ts'
import { startWriter } from '../support/writer-process.ts'

const skip = existsSync('/proc/locks') ? false : '/proc/locks exists on Linux only'

test('T3 locks: syncs and snapshots drop none of them, and a foreign TRUNCATE stays busy', { skip }, async (t) => {
  const scene = new Scene(t, {
    // No checkpoint of the engine's: during one the read mark moves, which is not what is tested here.
    database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 1_000_000, 'checkpoint-interval': '0s' },
    replica: { 'sync-interval': '50ms', 'snapshot-interval': '300ms' },
  })
  mkdirSync(dirname(scene.db))
  const writer = await startWriter(scene.box, {
    path: scene.db,
    commitsPerSecond: 300,
    rowBytes: [1000, 8000],
    autocheckpointPages: 0,
  })
  await writer.moreCommits(200)
  await scene.startEngine()
  await scene.firstSnapshot()
  await writer.moreCommits(50)

  const foreign = new Database(scene.db, { timeout: 0 })
  t.after(() => foreign.close())
  const objects = new Set<string>()
  const end = performance.now() + 20_000
  let looks = 0
  // Until three snapshots and twenty segments were written while we looked.
  for (; count(objects, 'snapshot') < 3 || count(objects, 'wal') < 20; looks++) {
    assert.ok(performance.now() < end, `Only ${[...objects].join(', ')}\n${scene.engine.tail()}`)
    for (const file of scene.generations().flatMap(({ snapshots, segments }) => [...snapshots, ...segments])) {
      objects.add(`${file.path} ${file.createdAt.getTime()}`)
    }
    const main = locksOf(scene.engine.pid, scene.db)
    assert.ok(covers(main, SHARED_FIRST), `No shared lock on the database: ${JSON.stringify(main)}`)
    const shm = locksOf(scene.engine.pid, `${scene.db}-shm`)
    assert.ok(covers(shm, READ_MARKS.first, READ_MARKS.last), `No read mark: ${JSON.stringify(shm)}`)
    const [answer] = foreign.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
    assert.equal(answer?.busy, 1, 'A foreign TRUNCATE got through')
    assert.ok(statSync(`${scene.db}-wal`).size > 0)
    await sleep(5)
  }
  t.diagnostic(`${looks} looks, ${count(objects, 'snapshot')} snapshots, ${count(objects, 'wal')} segments`)
  await writer.stop()
  await scene.stopEngine()
  assertSameDatabase(await scene.restore(), scene.db)
})

function count(objects: ReadonlySet<string>, kind: string): number {
  return [...objects].filter((path) => path.includes(`.${kind}.lz4`)).length
}

import assert from 'node:assert/strict'
import { mkdirSync, statSync } from 'node:fs'
import test from 'node:test'
import Database from 'better-sqlite3'
import { assertSameDatabase } from '../support/compare.ts'
import { readReplica } from '../support/replica-files.ts'
import { restore, startReplicate, stopCleanly } from '../support/replication.ts'
import { sandbox } from '../support/sandbox.ts'
import { toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { eagerEngine } from './settings.ts'

const pageSizes = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]

test('T6 shrink: VACUUM, incremental_vacuum and regrowth, at every page size', async (t) => {
  const box = sandbox(t)
  const tool = toolUnderTest()
  mkdirSync(box.path('data'))
  const apps = pageSizes.map((pageSize) => openApp(box.path('data', `page-${pageSize}.db`), pageSize))
  t.after(() => {
    for (const { db } of apps) db.close()
  })
  const replicaOf = (name: string) => box.path('replica', name)
  const engine = await startReplicate(
    box,
    tool,
    apps.map(({ path, name }) => ({
      db: path,
      database: eagerEngine.database,
      replica: { path: replicaOf(name), ...eagerEngine.replica },
    })),
  )
  /** Lets what was written so far become segments of its own, so that shrinking and growing are not one step. */
  const synced = async () => {
    const before = apps.map(({ name }) => newestObject(replicaOf(name)))
    for (const app of apps) app.fill(1)
    await waitUntil(
      'A segment of each',
      () => apps.every(({ name }, at) => newestObject(replicaOf(name)) !== before[at]),
      {
        explain: () => engine.tail(),
      },
    )
  }

  for (const app of apps) app.fill(1_500_000)
  await synced()
  for (const app of apps) app.db.exec('DELETE FROM blobs WHERE id % 7 <> 0; PRAGMA incremental_vacuum')
  await synced()
  for (const app of apps) app.fill(600_000)
  await synced()
  for (const app of apps) app.db.exec('DELETE FROM blobs WHERE id % 5 <> 0; VACUUM')
  await synced()
  for (const app of apps) app.fill(300_000)
  await stopCleanly(engine, tool)

  for (const { path, name, pageSize, db } of apps) {
    const restored = await restore(box, toolUnderTest('restore'), {
      from: `file://${replicaOf(name)}`,
      output: box.path(`restored-${name}`),
    })
    assertSameDatabase(restored, path, `Page size ${pageSize}`)
    assert.equal(statSync(restored).size, Number(db.pragma('page_count', { simple: true })) * pageSize, name)
  }
})

interface App {
  readonly path: string
  readonly name: string
  readonly pageSize: number
  readonly db: Database.Database
  /** Commits rows of together about so many bytes. */
  fill(bytes: number): void
}

function openApp(path: string, pageSize: number): App {
  const db = new Database(path)
  db.pragma(`page_size = ${pageSize}`)
  db.pragma('auto_vacuum = incremental')
  db.pragma('journal_mode = wal')
  db.exec('CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB)')
  const insert = db.prepare('INSERT INTO blobs (content) VALUES (randomblob(?))')
  const fill = db.transaction((bytes: number) => {
    for (let left = bytes; left > 0; left -= 5000) insert.run(Math.min(left, 5000))
  })
  return { path, name: `page-${pageSize}.db`, pageSize, db, fill: (bytes) => fill(bytes) }
}

/** Names the newest segment; undefined before the first. */
function newestObject(replica: string): string | undefined {
  const segments = readReplica(replica).flatMap((generation) => generation.segments)
  return segments.at(-1)?.path
}

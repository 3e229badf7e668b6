import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { withGcs } from '../../../servers/gcs.ts'
import { assertSameDatabase } from '../../../support/compare.ts'
import { restore, startReplicate, stopCleanly, writeConfig } from '../../../support/replication.ts'
import { sandbox } from '../../../support/sandbox.ts'
import { wherry } from '../../../support/tool.ts'
import { waitUntil } from '../../../support/wait.ts'
import { startRecordingProxy } from './recording-proxy.ts'

/** What objectCreator and objectViewer permit, imitated before a server that has no permissions. */
test('without the right to delete, replication goes on, it is said once, and the database is restored', async (t) => {
  const gcs = await withGcs(t)
  if (gcs === undefined) return
  const stored = new Set<string>()
  const proxy = await startRecordingProxy(gcs.endpoint, ({ method, query }) => {
    const name = query.get('name') ?? ''
    const isReplaced = method === 'POST' && stored.has(name)
    if (method === 'POST') stored.add(name)
    return method !== 'DELETE' && !isReplaced
  })
  t.after(proxy.close)
  const box = sandbox(t)
  const db = box.path('app.db')
  const app = new Database(db)
  t.after(() => app.close())
  app.exec('PRAGMA journal_mode=WAL; CREATE TABLE t (x)')

  const replica = { type: 'gcs', bucket: gcs.bucket, path: 'app', endpoint: proxy.endpoint, 'sync-interval': '50ms' }
  const eager = { ...replica, retention: '2s', 'retention-check-interval': '500ms' }
  const engine = await startReplicate(box, wherry, [{ db, replica: eager }])
  const count = (pattern: RegExp) => engine.output.match(pattern)?.length ?? 0
  const whileWriting = (what: string, look: () => boolean) =>
    waitUntil(what, () => app.exec('INSERT INTO t VALUES (randomblob(500))') && look(), {
      timeoutMs: 40_000,
      everyMs: 100,
      explain: () => engine.tail(),
    })
  await whileWriting('A refused deletion', () => count(/retention cannot delete/g) > 0)
  const before = count(/snapshot written/g)
  await whileWriting('Snapshots after it', () => count(/snapshot written/g) >= before + 2)
  await stopCleanly(engine, wherry)
  assert.equal(count(/retention cannot delete/g), 1, engine.tail())
  assert.match(engine.output, /level=WARN msg="retention cannot delete, .*storage\.objects\.delete/)

  const config = writeConfig(box, [{ db, replica }])
  assertSameDatabase(await restore(box, wherry, { from: db, config, output: box.path('restored.db') }), db)
})

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import Database from 'better-sqlite3'
import { inspectDatabase } from '../../../engine/lineage/inspect.ts'
import { startApp } from '../../support/app-process.ts'
import { sandbox } from '../../support/sandbox.ts'

const tables =
  'CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE TABLE _litestream_lock (id INTEGER)'

function make(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

const kinds: Record<string, { kind: string; make: (path: string) => void }> = {
  nothing: { kind: 'missing', make: () => {} },
  'an empty file': { kind: 'empty', make: (path) => writeFileSync(path, '') },
  'a folder': { kind: 'invalid', make: (path) => mkdirSync(path) },
  'a link to nothing': { kind: 'invalid', make: (path) => symlinkSync('/nowhere/at/all', path) },
  'some text': { kind: 'invalid', make: (path) => writeFileSync(path, 'This is no database') },
  'random bytes, as of an encrypted database': {
    kind: 'invalid',
    make: (path) => writeFileSync(path, Buffer.alloc(8192, 0xa7)),
  },
  'a database without tables in WAL mode': { kind: 'blank', make: (path) => make(path, 'PRAGMA journal_mode = wal') },
  'a database with only a user_version': { kind: 'blank', make: (path) => make(path, 'PRAGMA user_version = 3') },
  'a database with only the engine’s tables': { kind: 'blank', make: (path) => make(path, tables) },
  'a database whose tables are gone': { kind: 'blank', make: (path) => make(path, 'CREATE TABLE t (x); DROP TABLE t') },
  'a table without a row': { kind: 'present', make: (path) => make(path, 'CREATE TABLE t (x)') },
  'a view': { kind: 'present', make: (path) => make(path, 'CREATE VIEW v AS SELECT 1') },
  'a table with a name like the engine’s': {
    kind: 'present',
    make: (path) => make(path, 'CREATE TABLE xlitestream_seq (x)'),
  },
  'a link to a database': {
    kind: 'present',
    make: (path) => {
      make(`${path}-real`, 'CREATE TABLE t (x)')
      symlinkSync(`${path}-real`, path)
    },
  },
}

for (const [what, { kind, make }] of Object.entries(kinds)) {
  test(`${kind}: ${what}`, (t) => {
    const path = sandbox(t).path('app.db')
    make(path)
    const found = inspectDatabase(path)
    assert.equal(found.kind, kind)
    if (kind === 'invalid') assert.ok(found.why?.includes(path), found.why)
  })
}

test('A path that leads nowhere is an error', (t) => {
  const box = sandbox(t)
  symlinkSync(box.path('loop.db'), box.path('loop.db'))
  writeFileSync(box.path('file'), '')
  for (const path of [box.path('loop.db'), box.path('file', 'app.db')]) {
    assert.throws(() => inspectDatabase(path), { code: 'ERR_DATABASE_ACCESS' })
  }
})

test('Tells whether an engine has had the database', (t) => {
  const box = sandbox(t)
  make(box.path('with.db'), `${tables}; CREATE TABLE t (x)`)
  make(box.path('without.db'), 'CREATE TABLE t (x)')
  assert.deepEqual(inspectDatabase(box.path('with.db')), { kind: 'present', hasSequence: true, sequence: 0 })
  assert.deepEqual(inspectDatabase(box.path('without.db')), { kind: 'present', hasSequence: false })
})

test('What is only in the WAL counts, and the WAL and the file stay as they are', async (t) => {
  const path = sandbox(t).path('app.db')
  const app = await startApp(t, path)
  await app.exec('CREATE TABLE t (x)')
  await app.kill()
  assert.equal(statSync(path).size, 4096, 'Only the header')
  const before = { db: readFileSync(path), wal: readFileSync(`${path}-wal`) }
  assert.equal(inspectDatabase(path).kind, 'present')
  assert.deepEqual({ db: readFileSync(path), wal: readFileSync(`${path}-wal`) }, before)
})

test('A database without a WAL keeps its bytes, and has nothing beside it that SQLite would read', (t) => {
  const box = sandbox(t)
  const path = box.path('app.db')
  make(path, 'PRAGMA journal_mode = wal; CREATE TABLE t (x)')
  const before = readFileSync(path)
  assert.equal(inspectDatabase(path).kind, 'present')
  assert.deepEqual(readFileSync(path), before)
  for (const name of readdirSync(box.dir)) {
    assert.ok(['app.db', 'app.db-wal', 'app.db-shm'].includes(name), name)
    if (name === 'app.db-wal') assert.equal(statSync(box.path(name)).size, 0)
  }
})

const locks = {
  'by a writer': 'BEGIN IMMEDIATE; CREATE TABLE u (x)',
  'by an exclusive connection': 'PRAGMA locking_mode = exclusive; CREATE TABLE u (x)',
}

for (const [how, sql] of Object.entries(locks)) {
  test(`A database that is locked ${how} is present`, async (t) => {
    const path = sandbox(t).path('app.db')
    const app = await startApp(t, path)
    await app.exec(`CREATE TABLE t (x); ${sql}`)
    assert.equal(inspectDatabase(path).kind, 'present')
  })
}

test('A database with a hot journal is present, and its journal stays', async (t) => {
  const box = sandbox(t)
  const path = box.path('app.db')
  const app = await startApp(t, path, 'PRAGMA journal_mode = delete; PRAGMA cache_size = 1; PRAGMA cache_spill = 1')
  await app.exec('CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(100000))')
  await app.exec('BEGIN; UPDATE t SET x = randomblob(100000); INSERT INTO t VALUES (randomblob(1000000))')
  await app.kill()
  const journal = readFileSync(`${path}-journal`)
  assert.ok(journal.length > 0)
  assert.equal(inspectDatabase(path).kind, 'present')
  assert.deepEqual(readFileSync(`${path}-journal`), journal)
})

import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import test from 'node:test'
import Database from 'better-sqlite3'
import { compareDatabases, hashDatabase } from './compare.ts'
import { sandbox } from './sandbox.ts'
import { startWriter } from './writer-process.ts'
import { assertCommittedState } from './writer-state.ts'

const schema = `
  CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT COLLATE NOCASE, score);
  CREATE TABLE tags (name TEXT, note INTEGER, PRIMARY KEY (name, note)) WITHOUT ROWID;
  CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
  INSERT INTO notes VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', NULL);
  INSERT INTO tags VALUES ('x', 1), ('y', 2);
  INSERT INTO _litestream_seq VALUES (1, 1)`

/** Changes to a copy, and the difference that must be found. */
const changes: Record<string, string[]> = {
  'UPDATE _litestream_seq SET seq = 9': [],
  "UPDATE notes SET title = 'A' WHERE id = 1": ['notes 1: differs'],
  'UPDATE notes SET score = 1.0 WHERE id = 1': ['notes 1: differs'],
  'DELETE FROM notes WHERE id = 3': ['notes 3: only in main'],
  "INSERT INTO tags VALUES ('x', 2)": ['tags x,2: only in other'],
  'CREATE INDEX byTitle ON notes (title)': ['byTitle: definition only in other'],
}

for (const [sql, expected] of Object.entries(changes)) {
  test(`compareDatabases: ${sql}`, (t) => {
    const box = sandbox(t)
    const db = new Database(box.path('a.db'))
    db.exec(schema)
    db.close()
    copyFileSync(box.path('a.db'), box.path('b.db'))
    const other = new Database(box.path('b.db'))
    other.exec(sql)
    other.close()
    assert.deepEqual(compareDatabases(box.path('a.db'), box.path('b.db')), expected)
    const rowsEqual = expected.length === 0 || sql.startsWith('CREATE INDEX')
    assert.equal(hashDatabase(box.path('a.db')) === hashDatabase(box.path('b.db')), rowsEqual)
  })
}

test('A writer that is killed and started again goes on; a lost or changed row is found', async (t) => {
  const box = sandbox(t)
  const path = box.path('app.db')
  const options = { path, rollbackShare: 0.2, savepointShare: 0.2, cachePages: 20, bigShare: 0.01, bigRows: 200 }
  const first = await startWriter(box, options)
  await first.moreCommits(300)
  await first.kill()
  const second = await startWriter(box, { ...options, maxCommits: 300 })
  const { commits } = await second.finished(30_000)
  assert.equal(commits, 300)
  assert.equal(assertCommittedState(path), second.lastCommit())
  assert.ok(second.lastCommit() >= 600)

  const db = new Database(path)
  db.exec("UPDATE rows SET payload = x'00' WHERE id = (SELECT max(id) FROM rows)")
  assert.throws(() => assertCommittedState(path), /another's content/)
  db.exec('DELETE FROM rows WHERE id = (SELECT max(id) FROM rows)')
  db.close()
  assert.throws(() => assertCommittedState(path), /do not add up/)
})

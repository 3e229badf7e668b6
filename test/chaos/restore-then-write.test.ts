import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import { assertSameDatabase } from '../support/compare.ts'
import { Scene } from '../support/scene.ts'
import { waitUntil } from '../support/wait.ts'
import { eagerEngine } from './settings.ts'

for (const localState of ['with its local state', 'without its local state'] as const) {
  for (const end of ['after a clean stop', 'after a crash'] as const) {
    test(`T8 restore then write: the database was wiped ${localState} ${end}`, async (t) => {
      const scene = new Scene(t, eagerEngine)
      mkdirSync(dirname(scene.db))
      write(scene.db, 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)')
      await scene.startEngine()
      await scene.firstSnapshot()
      const app = new Database(scene.db)
      for (let row = 0; row < 300; row++)
        app.prepare('INSERT INTO notes (text) VALUES (?)').run('first life '.repeat(30))
      // A snapshot alone would leave open whether the WAL that is lost with the database was the replica's: it is refused.
      await waitUntil('First segment', () => scene.generations().some(({ segments }) => segments.length > 0))
      if (end === 'after a clean stop') await scene.stopEngine()
      else await scene.killEngine()
      app.close()

      wipe(scene.db, localState)
      await scene.restore({ output: scene.db })
      const restoredRows = countNotes(scene.db)
      if (end === 'after a clean stop') assert.equal(restoredRows, 300)
      // Before the engine starts, and while it runs: both must reach the replica.
      write(scene.db, `INSERT INTO notes (text) VALUES ('second life, before the engine')`)
      await scene.startEngine()
      await scene.firstSnapshot(2)
      write(scene.db, `INSERT INTO notes (text) VALUES ('second life, beside the engine')`)
      await scene.stopEngine()

      const elsewhere = await scene.restore()
      assertSameDatabase(elsewhere, scene.db)
      assert.equal(countNotes(elsewhere), restoredRows + 2)
    })
  }
}

/** The volume is gone, or only the database was deleted and the engine's own folder stayed behind. */
function wipe(db: string, localState: 'with its local state' | 'without its local state'): void {
  const folder = dirname(db)
  for (const name of readdirSync(folder)) {
    if (localState === 'with its local state' || !name.startsWith('.')) rmSync(join(folder, name), { recursive: true })
  }
}

function write(path: string, sql: string): void {
  const db = new Database(path)
  db.pragma('journal_mode = wal')
  db.exec(sql)
  db.close()
}

function countNotes(path: string): number {
  const db = new Database(path, { readonly: true })
  const rows = db.prepare('SELECT count(*) FROM notes').pluck().get()
  db.close()
  return Number(rows)
}

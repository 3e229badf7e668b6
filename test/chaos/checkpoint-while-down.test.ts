import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import { assertSameDatabase } from '../support/compare.ts'
import { Scene } from '../support/scene.ts'
import { eagerEngine } from './settings.ts'

type WhileDown = (db: Database.Database) => Database.Database

/** What the app does to the WAL while no engine holds it. Each case fools an engine that looks at one thing only. */
const cases: Record<string, WhileDown> = {
  'TRUNCATE, then fewer frames than before': (db) => {
    insert(db, 50)
    db.pragma('wal_checkpoint(TRUNCATE)')
    insert(db, 2)
    return db
  },
  'TRUNCATE, then more frames than before': (db) => {
    insert(db, 50)
    db.pragma('wal_checkpoint(TRUNCATE)')
    insert(db, 400)
    return db
  },
  'RESTART, then pages like those before at the same offsets': (db) => {
    insert(db, 50)
    db.pragma('wal_checkpoint(RESTART)')
    insert(db, 100)
    return db
  },
  'the app closes the database, which removes the WAL, and opens it again': (db) => {
    insert(db, 50)
    db.close()
    const again = open(db.name)
    insert(again, 5)
    return again
  },
  'VACUUM, then TRUNCATE, and nothing more': (db) => {
    db.exec('DELETE FROM notes WHERE id % 3 <> 0; VACUUM')
    db.pragma('wal_checkpoint(TRUNCATE)')
    return db
  },
}

for (const [name, whileDown] of Object.entries(cases)) {
  test(`T2 checkpoint while down: ${name}`, async (t) => {
    const scene = new Scene(t, eagerEngine)
    mkdirSync(dirname(scene.db))
    let db = open(scene.db)
    t.after(() => db.close())
    db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)')
    await scene.startEngine()
    insert(db, 100)
    await scene.firstSnapshot()
    await scene.killEngine()

    db = whileDown(db)
    await scene.startEngine()
    await scene.firstSnapshot(2)
    insert(db, 1)
    await scene.stopEngine()
    assertSameDatabase(await scene.restore(), scene.db)
    assert.ok(scene.generations().length <= 2, 'One crash explains one new generation')
  })
}

function open(path: string): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = wal')
  db.pragma('wal_autocheckpoint = 0')
  return db
}

/** Commits `count` rows one by one. */
function insert(db: Database.Database, count: number): void {
  const statement = db.prepare('INSERT INTO notes (text) VALUES (?)')
  for (let row = 0; row < count; row++) statement.run(`note ${row} `.repeat(40))
}

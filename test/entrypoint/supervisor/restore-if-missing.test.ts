import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import Database from 'better-sqlite3'
import { Scene } from '../../support/scene.ts'
import { wherry } from '../../support/tool.ts'

function notesIn(path: string): unknown[] {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  try {
    return database.prepare('SELECT text FROM note').pluck().all()
  } finally {
    database.close()
  }
}

test('replicate with restore-if-db-not-exists: a missing database is restored, one that is there is left alone', async (t) => {
  const scene = new Scene(t, { tool: wherry, database: { 'restore-if-db-not-exists': true } })
  const { db } = scene
  const folder = dirname(db)
  mkdirSync(folder)
  const write = (text: string) => {
    const database = new Database(db)
    database.exec(
      `PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS note (text); INSERT INTO note VALUES ('${text}')`,
    )
    database.close()
  }
  write('first')
  await scene.startEngine()
  await scene.firstSnapshot()
  await scene.stopEngine()
  assert.doesNotMatch(scene.engine.output, /database restored/)

  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  await scene.startEngine()
  assert.match(scene.engine.output, /database restored/)
  assert.deepEqual(notesIn(db), ['first'])
  await scene.stopEngine()
})

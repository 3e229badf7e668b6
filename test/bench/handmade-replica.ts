import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { encodeFrame } from '../../engine/format/lz4.ts'
import { keys, newGeneration } from '../../engine/format/names.ts'
import { Random } from '../support/random.ts'

export interface HandmadeReplica {
  readonly path: string
  /** The database that a restore must give. */
  readonly database: string
}

/**
 * A file replica without either tool: a snapshot, then one WAL index for each life of SQLite's own WAL. Neither tool is
 * measured on what the other would have written differently.
 * @param databaseBytes size of the snapshot
 * @param indexes how many WAL files follow, of `framesPerIndex` frames each
 */
export function makeReplica(
  folder: string,
  { databaseBytes, indexes, framesPerIndex }: { databaseBytes: number; indexes: number; framesPerIndex: number },
): HandmadeReplica {
  const database = join(folder, 'source.db')
  const path = join(folder, 'replica')
  const generation = newGeneration()
  const store = (key: string, source: string) => {
    const target = join(path, key)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, encodeFrame(readFileSync(source)))
  }
  const db = new Database(database)
  const rows = fill(db, databaseBytes)
  store(keys.snapshot(generation, 0), database)

  const random = new Random(3)
  const update = db.prepare('UPDATE rows SET payload = ? WHERE id = ?')
  for (let index = 0; index < indexes; index++) {
    for (let frame = 0; frame < framesPerIndex; frame++) update.run(payload(random), random.between(1, rows))
    store(keys.segment({ generation, index, offset: 0 }), `${database}-wal`)
    db.pragma('wal_checkpoint(TRUNCATE)')
  }
  db.close()
  return { path, database }
}

/** One row a page, so that an update is one frame. */
function fill(db: Database.Database, databaseBytes: number): number {
  const random = new Random(2)
  db.pragma('journal_mode = wal')
  db.pragma('wal_autocheckpoint = 0')
  db.pragma('synchronous = off')
  db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, payload BLOB)')
  const insert = db.prepare('INSERT INTO rows (payload) VALUES (?)')
  const rows = Math.floor(databaseBytes / 4096)
  db.transaction(() => {
    for (let row = 0; row < rows; row++) insert.run(payload(random))
  })()
  db.pragma('wal_checkpoint(TRUNCATE)')
  return rows
}

function payload(random: Random): Buffer {
  const bytes = Buffer.alloc(3900, 'text that compresses well, as half of most rows does. ')
  random.bytes(2400).copy(bytes)
  return bytes
}

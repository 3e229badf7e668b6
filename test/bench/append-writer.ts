/**
 * An app that commits one small row at a time as fast as SQLite takes them, one WAL frame each.
 * Run: node test/bench/append-writer.ts DATABASE COMMITS
 * Prints the seconds that it took.
 */
import Database from 'better-sqlite3'
import { Random } from '../support/random.ts'

const [path = '', commits = '0'] = process.argv.slice(2)
const db = new Database(path, { timeout: 10_000 })
db.pragma('journal_mode = wal')
db.pragma('synchronous = normal')
db.exec('CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, text BLOB)')
const insert = db.prepare('INSERT INTO events (text) VALUES (?)')
// Half of a row compresses, as rows of apps do.
const text = Buffer.concat([new Random(1).bytes(60), Buffer.alloc(60, 'the same text in every row ')])

const started = performance.now()
let worstMs = 0
for (let commit = 0; commit < Number(commits); commit++) {
  text.writeUInt32LE(commit)
  const before = performance.now()
  insert.run(text)
  worstMs = Math.max(worstMs, performance.now() - before)
}
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - started) / 1000, worstMs })}\n`)
db.close()

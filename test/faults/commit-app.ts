/** An app that commits a row every 50 ms until SIGTERM. Run: node commit-app.ts DATABASE */
import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'

const [path = ''] = process.argv.slice(2)
const db = new Database(path)
db.pragma('journal_mode = wal')
db.exec('CREATE TABLE IF NOT EXISTS facts (id INTEGER PRIMARY KEY, bytes BLOB)')
const add = db.prepare('INSERT INTO facts (bytes) VALUES (?)')
const commits = setInterval(() => add.run(randomBytes(1000)), 50)
process.once('SIGTERM', () => {
  clearInterval(commits)
  db.close()
})

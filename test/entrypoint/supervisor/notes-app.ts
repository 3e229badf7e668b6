/**
 * An app for tests: adds a row to DATABASE, says how many rows it found, and ends as it is told.
 * Run: node notes-app.ts DATABASE exit STATUS | wait STATUS | stubborn
 * `wait` adds a last row at SIGTERM or SIGINT and exits with STATUS; `stubborn` ignores them for a second first.
 */
import Database from 'better-sqlite3'

const [path = '', how = '', status = '0'] = process.argv.slice(2)
const db = new Database(path)
db.pragma('journal_mode = wal')
const tables = db.prepare("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'notes'").pluck().get()
const found = tables === 1 ? db.prepare('SELECT COUNT(*) FROM notes').pluck().get() : 0
db.exec('CREATE TABLE IF NOT EXISTS notes (text TEXT)')
const add = db.prepare('INSERT INTO notes VALUES (?)')
add.run('first')
process.stdout.write(`found ${found}\n`)

if (how === 'exit') process.exit(Number(status))
const stay = setInterval(() => {}, 1000)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    setTimeout(
      () => {
        clearInterval(stay)
        add.run(`last, at ${signal}`)
        process.exit(Number(status))
      },
      how === 'stubborn' ? 1000 : 0,
    )
  })
}
process.stdout.write('ready\n')

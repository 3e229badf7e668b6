/** A notebook over HTTP: POST / with a text adds a note, GET / lists them. DATABASE_PATH and PORT say where. */
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

const db = new DatabaseSync(process.env.DATABASE_PATH, { timeout: 5000 })
db.exec('PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)')
const insert = db.prepare('INSERT INTO notes VALUES (?)')
const list = db.prepare('SELECT text FROM notes ORDER BY rowid')

const server = createServer(async (request, response) => {
  if (request.method === 'POST') insert.run((await request.toArray()).join(''))
  response.end(`${JSON.stringify(list.all().map(({ text }) => text))}\n`)
})
server.listen(Number(process.env.PORT ?? 3000), () => console.log(`Listening on port ${server.address().port}`))

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => db.close())
    server.closeIdleConnections()
  })
}

/**
 * A notebook over HTTP: POST /notes with the text as the body, GET /notes for all of them.
 * DATABASE_PATH says where the notes are kept (notes.db), PORT where to listen (3000; 0 for any free port).
 */
import { createServer } from 'node:http'
import Database from 'better-sqlite3'

const db = new Database(process.env.DATABASE_PATH ?? 'notes.db', { timeout: 5000 })
db.pragma('journal_mode = wal')
db.exec('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, createdAt TEXT NOT NULL)')
const insert = db.prepare('INSERT INTO notes (text, createdAt) VALUES (?, ?) RETURNING *')
const list = db.prepare('SELECT * FROM notes ORDER BY id')

const server = createServer(async (request, response) => {
  try {
    if (request.url !== '/notes') return answer(response, 404, { error: 'Only /notes is here' })
    if (request.method === 'GET') return answer(response, 200, list.all())
    if (request.method !== 'POST') return answer(response, 405, { error: 'GET or POST' })
    const text = await readText(request)
    if (text.trim() === '') return answer(response, 400, { error: 'A note needs a text' })
    return answer(response, 201, insert.get(text, new Date().toISOString()))
  } catch (error) {
    console.error(error)
    answer(response, 500, { error: 'Could not be done' })
  }
})

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '0.0.0.0', () => {
  console.log(`Listening on port ${server.address().port}, process ${process.pid}`)
})

// Requests that have begun are answered, then the database is closed: its last commit is whole.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => {
      db.close()
      process.exit(0)
    })
    server.closeIdleConnections()
  })
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

async function readText(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

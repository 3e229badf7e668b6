/** `wherry status` from outside. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { exitStatuses } from '../../../entrypoint/exit-codes.ts'
import { sandbox } from '../../support/sandbox.ts'
import { Scene } from '../../support/scene.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'
import { begin } from '../health/health-scene.ts'
import { databaseWith, syncedReplica, wellVitals } from '../health/vitals.ts'

test('What a running Wherry says: where each replica is, and whether it is ready', async (t) => {
  const scene = new Scene(t, { tool: wherry, replica: { name: 'main' } })
  const { box } = scene
  const flags = ['-config', box.path('config.yml')]
  const status = (...more: string[]) => box.run([...wherry.command, 'status', ...flags, ...more])
  const db = makeDatabase(scene.db)
  t.after(() => db.close())
  await scene.startEngine()
  await scene.firstSnapshot()
  const json = await waitUntil('It is in sync', async () => {
    const { code, stdout } = await status('-json')
    assert.equal(code, 0)
    const report = JSON.parse(stdout)
    return report.ready && report.databases[0].replicas[0].synced ? report : undefined
  })
  const [database] = json.databases
  const { last_sync_at, last_snapshot_at, ...replica } = database.replicas[0]
  assert.ok(Date.parse(last_sync_at) > 0 && Date.parse(last_snapshot_at) > 0)
  assert.deepEqual([database.path, database.locked], [scene.db, false])
  const { position } = database
  assert.deepEqual(replica, { name: 'main', type: 'file', synced: true, position, lag_seconds: 0, last_error: null })

  const { code, stdout } = await status()
  assert.equal(code, 0)
  const [header, row, blank, sentence, end] = stdout.split('\n')
  assert.deepEqual(header?.split(/ {2,}/), ['database', 'replica', 'state', 'position', 'lag', 'synced', 'error'])
  assert.deepEqual(row?.trimEnd().split(/ {2,}/).slice(0, 5), [scene.db, 'main', 'synced', position, '0s'])
  assert.deepEqual([blank, sentence, end], ['', 'running, ready', ''])

  await scene.stopEngine()
  const gone = await status()
  assert.deepEqual([gone.code, gone.stdout], [69, ''])
  assert.match(gone.stderr, /^nothing answers at unix:.*wherry\.sock: /)
})

test('A replica that fails, a locked database and one that is not there have a word each, and reasons below', async (t) => {
  const box = sandbox(t)
  const failing = databaseWith({ isSynced: false, lagMs: 75_210, lastError: 'connect ECONNREFUSED' })
  const unknown = { ...syncedReplica, position: undefined, isSynced: false }
  const databases = [
    failing,
    { ...databaseWith(), path: '/data/locked.db', position: undefined, isBlocked: true },
    { ...databaseWith(), path: '/data/absent.db', position: undefined, replicas: [unknown] },
    { ...databaseWith(), path: '/data/alone.db', replicas: [] },
    { ...databaseWith({ isSynced: false }), path: '/data/busy.db' },
  ]
  const vitals = () => ({ ...wellVitals, databases })
  const { server } = await begin(t, box, { listen: '127.0.0.1:0', vitals })
  const address = server?.address ?? ''
  const { code, stdout } = await box.run([...wherry.command, 'status', address])
  assert.equal(code, 0)
  const [table = '', reasons = ''] = stdout.split('\n\n')
  const rows = table.split('\n').map((row) => row.trimEnd().split(/ {2,}/))
  assert.deepEqual(
    rows.filter(([path]) => path !== '/data/alone.db').map((row) => [row[0], row[2]]),
    [
      ['database', 'state'],
      ['/data/app.db', 'failing'],
      ['/data/locked.db', 'locked'],
      ['/data/absent.db', 'absent'],
      ['/data/busy.db', 'syncing'],
    ],
  )
  assert.deepEqual(rows[1]?.slice(4), ['1m15s', '2026-11-23T02:13:20Z', 'connect ECONNREFUSED'])
  assert.match(table, /^\/data\/alone\.db +unreplicated +0123456789abcdef\/00000001:4152 *$/m)
  assert.match(reasons, /^running, not ready: replica s3 of \/data\/app\.db is 1m15s behind: connect ECONNREFUSED$/m)
  assert.match(reasons, /^running, not ready: database \/data\/locked\.db is locked/m)
})

test('A path that a terminal would obey is quoted', async (t) => {
  const box = sandbox(t)
  const path = '/data/\x1b[2J\n.db'
  const databases = [{ ...databaseWith(), path, position: undefined, isBlocked: true }]
  const { server } = await begin(t, box, { listen: '127.0.0.1:0', vitals: () => ({ ...wellVitals, databases }) })
  const address = server?.address ?? ''
  const { stdout } = await box.run([...wherry.command, 'status', address])
  const [, row, , reason, end] = stdout.split('\n')
  assert.match(row ?? '', /^"\/data\/\\x1b\[2J\\n\.db" {2}s3 +locked/)
  assert.match(reason ?? '', /^running, not ready: "database \/data\/\\x1b\[2J\\n\.db is locked/)
  assert.equal(end, '')
  const health = await box.run([...wherry.command, 'health', address])
  assert.match(health.stdout, /^"database \/data\/\\x1b\[2J\\n\.db is locked[^\n]*"\n$/)
})

test('Something else that answers is no status', async (t) => {
  const box = sandbox(t)
  const other = createServer((_, response) => response.end('{"databases": 3}'))
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  const place = `127.0.0.1:${address.port}`
  const { code, stdout, stderr } = await box.run([...wherry.command, 'status', '-json', place])
  assert.deepEqual([code, stdout, stderr], [69, '', `what answers at ${place} is not Wherry: status 200\n`])
  assert.equal((await box.run([...wherry.command, 'status', 'nowhere'])).code, exitStatuses.ERR_USAGE)
})

function makeDatabase(path: string): Database.Database {
  mkdirSync(dirname(path), { recursive: true })
  const db = new Database(path)
  db.pragma('journal_mode=wal')
  db.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (1)')
  return db
}

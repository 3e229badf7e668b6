/** What a user can get wrong: each has its message and exit status, and the app is never started. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { restore, startReplicate, stopCleanly, tryRestore } from '../../support/replication.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { type Outcome, runConfigured, runOn, runUnprivileged, runWith } from './scene.ts'

function refused({ code, stderr, appRan }: Outcome, status: number, message: RegExp): void {
  assert.match(stderr, message)
  assert.equal(code, status, stderr)
  assert.equal(appRan, false, 'the app was started')
}

function makeDatabase(path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  const db = new Database(path)
  db.pragma('journal_mode = wal')
  db.exec('CREATE TABLE t (x)')
  db.prepare('INSERT INTO t VALUES (?)').run('a row')
  db.close()
  return path
}

/** A file replica with one snapshot and some WAL. */
async function makeReplica(box: Sandbox): Promise<string> {
  const db = makeDatabase(box.path('source', 'app.db'))
  const path = box.path('replica')
  const engine = await startReplicate(box, wherry, [{ db, replica: { path } }])
  await stopCleanly(engine, wherry)
  return path
}

function objects(replica: string): string[] {
  return readdirSync(replica, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lz4'))
    .map((name) => join(replica, name))
}

test('missing config file: 78', async (t) => {
  refused(
    await runWith(sandbox(t), ['-config', '/nowhere/wherry.yml']),
    78,
    /Config file not found: \/nowhere\/wherry.yml/,
  )
})

test('unreadable config file: 78', async (t) => {
  const box = sandbox(t)
  refused(await runWith(box, ['-config', box.dir]), 78, /cannot be read/)
})

const badConfigs: readonly [name: string, yaml: string, message: RegExp][] = [
  ['bad YAML', 'dbs: [', /wherry\.yml/],
  ['unknown key', 'dbs:\n  - path: /x.db\n    replica-s: []\n', /replica-s.*replicas/s],
  ['bad duration', 'dbs:\n  - path: /x.db\n    monitor-interval: 1d\n', /monitor-interval.*1d/s],
  ['unknown URL scheme', 'dbs:\n  - path: /x.db\n    replicas: [{url: "ftp://host/x"}]\n', /ftp/],
  ['missing bucket', 'dbs:\n  - path: /x.db\n    replicas: [{type: s3, path: x}]\n', /bucket/],
  ['a type of Litestream 0.5', 'dbs:\n  - path: /x.db\n    replicas: [{type: nats}]\n', /nats.*is not a replica type/],
  [
    'recipients without identities',
    'dbs:\n  - path: /x.db\n    replicas: [{path: /r, age: {recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}}]\n',
    /recipients but no identities/,
  ],
]
for (const [name, yaml, message] of badConfigs) {
  test(`config with ${name}: 78`, async (t) => {
    refused(await runConfigured(sandbox(t), yaml), 78, message)
  })
}

test('no command: 64', async (t) => {
  const { code, stderr } = await sandbox(t).run([...wherry.command, 'run', '-config', '/nowhere/wherry.yml'])
  assert.equal(code, 64)
  assert.match(stderr, /COMMAND is missing/)
})

test('database is not SQLite: 65, and it is left as it was', async (t) => {
  const box = sandbox(t)
  const db = box.path('app.db')
  writeFileSync(db, 'this is no database at all')
  refused(await runOn(box, db, { path: box.path('replica') }), 65, /app\.db is not a usable SQLite database/)
  assert.deepEqual(readdirSync(box.dir).includes('app.db-wal'), false)
})

test('database folder not writable: 73', async (t) => {
  const box = sandbox(t)
  chmodSync(box.dir, 0o755)
  const db = makeDatabase(box.path('data', 'app.db'))
  chmodSync(dirname(db), 0o555)
  const { code, stderr } = await runUnprivileged(box, db, { path: box.path('replica') })
  assert.match(stderr, /data\/\.app\.db-wherry, the engine's own folder, cannot be used: EACCES/)
  assert.equal(code, 73, stderr)
})

test('replica path not usable: 76', async (t) => {
  const box = sandbox(t)
  const db = makeDatabase(box.path('app.db'))
  writeFileSync(box.path('file'), '')
  refused(await runOn(box, db, { path: box.path('file', 'replica') }), 76, /file\/replica/)
})

test('database missing and its folder is a file: 73', async (t) => {
  const box = sandbox(t)
  const replica = await makeReplica(box)
  writeFileSync(box.path('file'), '')
  refused(await runOn(box, box.path('file', 'app.db'), { path: replica }), 73, /file/)
})

test('garbage objects: 76, no database, no temporary file', async (t) => {
  const box = sandbox(t)
  const replica = await makeReplica(box)
  for (const object of objects(replica)) writeFileSync(object, 'garbage')
  const db = box.path('data', 'app.db')
  const outcome = await runOn(box, db, { path: replica })
  refused(
    outcome,
    76,
    /generations\/[0-9a-f]{16}\/(snapshots|wal)\/[0-9a-f_]+\.(snapshot|wal)\.lz4 is not an LZ4 frame/,
  )
  assert.deepEqual(existsSync(dirname(db)) ? readdirSync(dirname(db)) : [], [])
})

test('nothing to restore: 66 from restore, and 0 with -if-replica-exists', async (t) => {
  const box = sandbox(t)
  const from = `file://${box.path('empty')}`
  const { code, stderr } = await tryRestore(box, wherry, { from, output: box.path('out.db') })
  assert.equal(code, 66, stderr)
  const flags = ['restore', '-if-replica-exists', '-o', box.path('out.db'), from]
  assert.equal((await box.run([...wherry.command, ...flags])).code, 0)
})

test('output exists: 73, and 0 with -if-db-not-exists', async (t) => {
  const box = sandbox(t)
  const from = `file://${await makeReplica(box)}`
  const output = await restore(box, wherry, { from, output: box.path('out.db') })
  const again = await box.run([...wherry.command, 'restore', '-o', output, from])
  assert.equal(again.code, 73, again.stderr)
  assert.match(again.stderr, /out\.db/)
  assert.equal((await box.run([...wherry.command, 'restore', '-if-db-not-exists', '-o', output, from])).code, 0)
})

test('a replica that refuses does not keep the app from starting where another one has the database', async (t) => {
  const box = sandbox(t)
  const db = makeDatabase(box.path('app.db'))
  writeFileSync(box.path('file'), '')
  const good = { name: 'good', path: box.path('replica') }
  const bad = { name: 'bad', path: box.path('file', 'replica') }
  const config = (...replicas: object[]): string => JSON.stringify({ dbs: [{ path: db, replicas }] })
  assert.equal((await runConfigured(box, config(good))).code, 0)
  rmSync(box.path('app-ran'))
  const { code, stderr, appRan } = await runConfigured(box, config(good, bad))
  assert.match(stderr, /first sync is not done, starting the app all the same/)
  assert.equal(appRan, true)
  assert.equal(code, 75, 'and it is told that not everybody has the last commits')
})

test('a replica that refuses everything: 76, and with allow-unknown the app starts', async (t) => {
  const box = sandbox(t)
  const db = makeDatabase(box.path('app.db'))
  writeFileSync(box.path('file'), '')
  const env = { WHERRY_DB_PATH: db, WHERRY_REPLICA_URL: `file://${box.path('file', 'replica')}` }
  refused(await runWith(box, [], env), 76, /app\.db could not be found out/)
  const { code, stderr, appRan } = await runWith(box, [], { ...env, WHERRY_BOOT: 'allow-unknown' })
  assert.match(stderr, /level=ERROR msg="starting although there may be a backup/)
  assert.equal(appRan, true)
  assert.equal(code, 75)
})

test('a replica that does not answer holds the app up for a while, and the log says so', async (t) => {
  const box = sandbox(t)
  const db = makeDatabase(box.path('app.db'))
  const good = { name: 'good', path: box.path('replica') }
  const away = { url: 's3://b', endpoint: 'http://127.0.0.1:1', 'access-key-id': 'I', 'secret-access-key': 'S' }
  const config = (...replicas: object[]): string =>
    JSON.stringify({ 'grace-period': '3s', 'boot-timeout': '0s', dbs: [{ path: db, replicas }] })
  assert.equal((await runConfigured(box, config(good))).code, 0)
  rmSync(box.path('app-ran'))
  const { stderr, appRan } = await runConfigured(box, config(good, away))
  assert.match(stderr, /first sync is not done, starting the app all the same.* error="it took more than 5 s"/)
  assert.equal(appRan, true)
})

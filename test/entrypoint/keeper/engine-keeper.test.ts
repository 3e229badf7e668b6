/** The keeper with real threads that crash, spin and hang in the system. */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { type DatabaseOptions, databaseDefaults, hasCode, replicaDefaults } from '../../../engine/index.ts'
import { type App, startApp } from '../../support/app-process.ts'
import type { Fault } from '../../support/fault.ts'
import { stuckFile } from '../../support/fault.ts'
import { removeDatabase, restore } from '../../support/replication.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { startKeeper } from './keeper-process.ts'

/** A database with a table, an app on it, and what the engine is told of it. */
async function scene(t: TestContext): Promise<{ box: Sandbox; app: App; database: DatabaseOptions }> {
  const box = sandbox(t)
  const path = box.path('app.db')
  const app = await startApp(t, path)
  await app.exec('CREATE TABLE notes (text)')
  const storage = { type: 'file', path: box.path('replica') } as const
  const replicas = [{ name: 'file', storage, ...replicaDefaults, syncIntervalMs: 20 }]
  return {
    box,
    app,
    database: { path, metaPath: `${path}-meta`, ...databaseDefaults, monitorIntervalMs: 50, replicas },
  }
}

async function storedNotes(box: Sandbox): Promise<unknown[]> {
  const output = await restore(box, wherry, { from: `file://${box.path('replica')}`, output: box.path('stored.db') })
  const db = new Database(output, { readonly: true })
  try {
    return db.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all()
  } finally {
    db.close()
  }
}

for (const fault of ['throw', 'spin'] satisfies Fault[]) {
  test(`A thread that fails (${fault}) is replaced, and the new one replicates what was missed`, async (t) => {
    const { box, app, database } = await scene(t)
    const keeper = await startKeeper(t, box, 'stop')
    await keeper.start([database])
    await keeper.whenSynced(30_000)
    const before = await keeper.until('A status', ({ databases }) => databases.length > 0)
    assert.deepEqual(before.condition, { alive: true, unresponsiveMs: 0, restarts: 0, lastFailure: undefined })
    keeper.faults.inject(fault)
    await keeper.until('A failure', ({ condition }) => condition.lastFailure !== undefined)
    await app.exec("INSERT INTO notes VALUES ('missed')")
    const after = await keeper.until('A restart', ({ condition }) => condition.restarts === 1 && condition.alive)
    await keeper.whenSynced(30_000)
    await app.exec("INSERT INTO notes VALUES ('last')")
    await keeper.close(30_000)
    assert.deepEqual(await storedNotes(box), ['missed', 'last'])
    assert.equal(after.lost, undefined)
    const { generation } = before.databases[0]?.position ?? {}
    const resumed = (await keeper.view()).databases[0]?.position?.generation
    assert.ok(generation !== undefined && generation === resumed, 'The new thread proved where the old one stood')
    if (fault === 'spin') assert.ok(after.lines.includes('error engine does not answer'))
    // On a busy machine a thread may be slow to answer beside that.
    const told = after.lines.filter((line) => /engine failed|restarting engine|engine restarted/.test(line))
    assert.deepEqual(told, ['error engine failed', 'warn restarting engine', 'info engine restarted'])
  })
}

test('A thread that answers late is told of once, and stays', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'stop', { failedMs: 60_000 })
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  const { lines: before } = await keeper.view()
  const release = stuckFile(`${database.path}-wal`)
  await app.exec("INSERT INTO notes VALUES ('late')")
  const slow = await keeper.until('A long silence', ({ condition }) => condition.unresponsiveMs > 1000)
  assert.equal(slow.condition.alive, true)
  assert.deepEqual(slow.lines.slice(before.length), ['error engine does not answer'])
  release()
  const { lines } = await keeper.until('An answer', ({ condition }) => condition.unresponsiveMs === 0)
  assert.ok(lines.slice(before.length).includes('info engine answers again'))
  await keeper.close(30_000)
  assert.deepEqual(await storedNotes(box), ['late'])
})

test('stop: a second failure soon after the restart is the end, and yet the last commits are stored', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'stop')
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  keeper.faults.inject('throw always')
  const { condition, lost } = await keeper.until('The loss', (view) => view.lost !== undefined)
  assert.match(lost ?? '', /Injected fault/)
  assert.deepEqual(condition, { alive: false, unresponsiveMs: 0, restarts: 1, lastFailure: lost })
  await assert.rejects(keeper.whenSynced(60_000), (error) => hasCode(error, 'ERR_ENGINE_DIED'))
  await app.exec("INSERT INTO notes VALUES ('after the loss')")
  keeper.faults.mend()
  await keeper.close(30_000)
  assert.deepEqual(await storedNotes(box), ['after the loss'])
})

test('stop: a failure long after the restart counts as the first again', async (t) => {
  const { box, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'stop', { forgetMs: 0 })
  await keeper.start([database])
  for (let restarts = 1; restarts <= 3; restarts++) {
    keeper.faults.inject('throw')
    await keeper.until(`Restart ${restarts}`, ({ condition }) => condition.restarts === restarts && condition.alive)
  }
  assert.equal((await keeper.view()).lost, undefined)
  await keeper.end()
})

test('continue: it is restarted until it lives, also when a start fails; whoever waits for a sync waits on', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'continue')
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  await app.exec("INSERT INTO notes VALUES ('kept')")
  renameSync(database.metaPath, box.path('aside'))
  writeFileSync(database.metaPath, 'No folder can be here')
  keeper.faults.inject('throw')
  const failing = await keeper.until('Failing starts', ({ condition }) => condition.restarts >= 3)
  const syncing = keeper.whenSynced(60_000)
  assert.equal(failing.condition.alive, false)
  assert.match(failing.condition.lastFailure ?? '', /could not start: .*app\.db-meta/)
  assert.equal(failing.lost, undefined)
  rmSync(database.metaPath)
  mkdirSync(database.metaPath)
  await syncing
  assert.equal((await keeper.view()).condition.alive, true)
  await keeper.close(30_000)
  assert.deepEqual(await storedNotes(box), ['kept'])
})

test('stop: a thread that is stuck in the system is not replaced, and nobody waits for it', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'stop')
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  stuckFile(`${database.path}-wal`)
  await app.exec("INSERT INTO notes VALUES ('unseen')")
  const { condition, lost } = await keeper.until('The loss', (view) => view.lost !== undefined)
  assert.match(lost ?? '', /has not answered for .*, and does not end/)
  assert.equal(condition.restarts, 0)
  await assert.rejects(keeper.close(60_000), (error) => hasCode(error, 'ERR_ENGINE_DIED'))
})

test('continue: a stuck thread is waited for, then replaced', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'continue')
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  const release = stuckFile(`${database.path}-wal`)
  await app.exec("INSERT INTO notes VALUES ('unseen at first')")
  const stuck = await keeper.until('The failure', ({ lines }) => lines.some((line) => /is stuck/.test(line)))
  assert.deepEqual([stuck.condition.alive, stuck.condition.restarts], [false, 0])
  release()
  await keeper.until('A restart', ({ condition }) => condition.alive)
  await keeper.close(30_000)
  assert.deepEqual(await storedNotes(box), ['unseen at first'])
})

test('A close of a thread that hangs ends soon after its patience', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'stop', { failedMs: 60_000 })
  await keeper.start([database])
  await keeper.whenSynced(30_000)
  stuckFile(`${database.path}-wal`)
  await app.exec("INSERT INTO notes VALUES ('unseen')")
  await assert.rejects(keeper.close(200), (error) => hasCode(error, 'ERR_NOT_DURABLE'))
})

test('A first start that fails is not repeated, one that hangs neither', async (t) => {
  const { box, database } = await scene(t)
  writeFileSync(box.path('bad.db'), 'This is no database')
  const failing = await startKeeper(t, box, 'continue')
  const bad = { ...database, path: box.path('bad.db') }
  await assert.rejects(failing.start([bad]), (error) => hasCode(error, 'ERR_DATABASE_INVALID'))
  await failing.end()
  failing.faults.inject('spin')
  const hanging = await startKeeper(t, box, 'continue')
  await assert.rejects(hanging.start([database]), (error) => hasCode(error, 'ERR_ENGINE_DIED'))
  const { condition } = await hanging.view()
  assert.deepEqual([condition.alive, condition.restarts], [false, 0])
  await hanging.end()
})

test('A new engine begins with the databases that were added and not removed, whatever became of one of them', async (t) => {
  const { box, app, database } = await scene(t)
  const keeper = await startKeeper(t, box, 'continue')
  await keeper.start([database])
  const others: DatabaseOptions[] = []
  for (const name of ['added', 'broken', 'removed']) {
    const path = box.path(`${name}.db`)
    const replicas = database.replicas.map((replica) => ({
      ...replica,
      storage: { type: 'file', path: box.path(`replica-${name}`) } as const,
    }))
    const other = { ...database, path, metaPath: `${path}-meta`, replicas }
    const app = await startApp(t, path)
    await app.exec('CREATE TABLE notes (text)')
    await keeper.add(other)
    others.push(other)
    if (name === 'broken') await app.kill()
  }
  const [added, broken, removed] = others
  assert.ok(added && broken && removed)
  const missing = { ...broken, path: box.path('text.db'), metaPath: box.path('text.db-meta') }
  writeFileSync(missing.path, 'This is no database')
  await assert.rejects(keeper.add(missing), (error) => hasCode(error, 'ERR_DATABASE_INVALID'))
  removeDatabase(removed.path)
  await keeper.remove(removed)
  await keeper.whenSynced(30_000)
  removeDatabase(broken.path)
  writeFileSync(broken.path, 'This is no database any more')
  keeper.faults.inject('throw')
  const after = await keeper.until('A restart', ({ condition }) => condition.restarts === 1 && condition.alive)
  assert.deepEqual(after.databases.map(({ path }) => path).sort(), [added.path, database.path].sort())
  assert.ok(after.lines.includes('error database is not replicated any more'), after.lines.join('\n'))
  await app.exec("INSERT INTO notes VALUES ('last')")
  await keeper.close(30_000)
  assert.deepEqual(await storedNotes(box), ['last'])
})

/** Databases that go, and come again, while the engine runs. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { Engine } from '../../engine/engine.ts'
import { hasCode } from '../../engine/errors.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../engine/options.ts'
import { restoreFrom } from '../../engine/restore/restore-from.ts'
import type { FileStorageOptions } from '../../engine/storage/options.ts'
import { startApp } from '../support/app-process.ts'
import { type LogLine, logLines } from '../support/log-lines.ts'
import { removeDatabase } from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { notesIn } from '../support/sqlite-rows.ts'

interface Scene {
  readonly box: Sandbox
  readonly engine: Engine
  readonly lines: LogLine[]
  readonly options: DatabaseOptions
}

/** With long intervals a commit waits until somebody asks for it. */
function scene(t: TestContext, syncIntervalMs: number, monitorIntervalMs = 20): Scene {
  const box = sandbox(t)
  const path = box.path('app.db')
  const storage: FileStorageOptions = { type: 'file', path: box.path('replica') }
  const replicas = [{ name: 'file', storage, ...replicaDefaults, syncIntervalMs }]
  const options: DatabaseOptions = {
    path,
    metaPath: box.path('app.db-meta'),
    ...databaseDefaults,
    monitorIntervalMs,
    onConflict: 'refuse-unproven',
    replicas,
  }
  const lines: LogLine[] = []
  const engine = new Engine((level, message, fields) => lines.push({ level, message, fields }))
  t.after(() => engine.close(AbortSignal.abort()).catch(() => {}))
  return { box, engine, lines, options }
}

async function makeNotes(t: TestContext, path: string, text: string): Promise<() => Promise<void>> {
  const app = await startApp(t, path)
  await app.exec(`CREATE TABLE notes (text); INSERT INTO notes VALUES ('${text}')`)
  return () => app.kill()
}

async function stored({ box, options }: Scene): Promise<unknown[]> {
  const outputPath = box.path(`restored-${performance.now()}.db`)
  const [replica] = options.replicas
  assert.ok(replica)
  await restoreFrom([replica], { outputPath }, logLines().logger, AbortSignal.timeout(30_000))
  return notesIn(outputPath)
}

test('stop stores what was committed before the file went, while its WAL is there', async (t) => {
  const set = scene(t, 60_000, 60_000)
  const { engine, options } = set
  const app = await startApp(t, options.path)
  await app.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('first')")
  await engine.start([options])
  await engine.whenSynced(AbortSignal.timeout(30_000))
  await app.exec("INSERT INTO notes VALUES ('last')")
  await app.kill()
  rmSync(options.path)
  await engine.stop(options.path, AbortSignal.timeout(30_000))
  assert.deepEqual(engine.status, [])
  assert.deepEqual(await stored(set), ['first', 'last'])
  await engine.stop(options.path, AbortSignal.timeout(30_000))
})

for (const what of ['with its folder', 'alone'] as const) {
  test(`A database that went ${what} and is made anew in the same place goes on there, also after a restart`, async (t) => {
    const set = scene(t, 20)
    const { engine, lines, options } = set
    const end = await makeNotes(t, options.path, 'old')
    await engine.start([options])
    await engine.whenSynced(AbortSignal.timeout(30_000))
    await end()
    removeDatabase(options.path)
    if (what === 'with its folder') rmSync(options.metaPath, { recursive: true })
    await engine.stop(options.path, AbortSignal.timeout(30_000))
    await makeNotes(t, options.path, 'new')
    await engine.start([options])
    await engine.whenSynced(AbortSignal.timeout(30_000))
    assert.deepEqual(await stored(set), ['new'])
    await engine.close(AbortSignal.timeout(30_000))
    await engine.start([options])
    await engine.whenSynced(AbortSignal.timeout(30_000))
    assert.deepEqual(
      lines.filter(({ level }) => level === 'error'),
      [],
    )
  })
}

test('Another database in the place of one that went, over a replica that somebody else wrote to, is refused', async (t) => {
  const set = scene(t, 20)
  const { engine, options } = set
  const end = await makeNotes(t, options.path, 'old')
  await engine.start([options])
  await engine.whenSynced(AbortSignal.timeout(30_000))
  await end()
  removeDatabase(options.path)
  await engine.stop(options.path, AbortSignal.timeout(30_000))
  const other = {
    ...options,
    path: set.box.path('other.db'),
    metaPath: set.box.path('other.db-meta'),
    onConflict: 'use-local',
  } as const
  await makeNotes(t, other.path, 'other')
  const second = new Engine(() => {})
  await second.start([other])
  await second.whenSynced(AbortSignal.timeout(30_000))
  await second.close(AbortSignal.timeout(30_000))
  await makeNotes(t, options.path, 'new')
  await engine.start([options])
  const refused = engine.whenSynced(AbortSignal.timeout(30_000))
  await assert.rejects(refused, (error) => hasCode(error, 'ERR_DATABASE_CONFLICT'))
  assert.deepEqual(await stored(set), ['other'])
})

test('A start that fails leaves nothing behind, and others are started', async (t) => {
  const { box, engine, options } = scene(t, 20)
  const broken = { ...options, path: box.path('broken.db'), metaPath: box.path('broken.db-meta') }
  writeFileSync(broken.path, 'This is not a database, and long enough to be looked at as one.'.repeat(40))
  await assert.rejects(engine.start([broken]), (error) => hasCode(error, 'ERR_DATABASE_INVALID'))
  assert.deepEqual(engine.status, [])
  rmSync(broken.path)
  const good = { ...options, path: broken.path, metaPath: broken.metaPath }
  await makeNotes(t, good.path, 'good')
  await engine.start([good])
  await engine.whenSynced(AbortSignal.timeout(30_000))
  await engine.close(AbortSignal.timeout(30_000))
})

test('Who waits for the replicas of a database that is stopped waits no longer', async (t) => {
  const { box, engine, options } = scene(t, 20)
  const [replica] = options.replicas
  assert.ok(replica)
  const file = box.path('a file')
  writeFileSync(file, '')
  const blocked = {
    ...options,
    replicas: [{ ...replica, storage: { type: 'file', path: `${file}/replica` } as const }],
  }
  await makeNotes(t, options.path, 'text')
  await engine.start([blocked])
  const synced = engine.whenSynced(AbortSignal.timeout(30_000)).catch((error: unknown) => error)
  removeDatabase(options.path)
  await assert.doesNotReject(engine.stop(options.path, AbortSignal.timeout(50)))
  await synced
})

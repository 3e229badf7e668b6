/** A start without a database and without a backup, in which the app does not wait for the engine. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../../engine/index.ts'
import { isFirstStart } from '../../../entrypoint/supervisor/first-start.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'

const elsewhere = { type: 'gcs', bucket: 'b', path: '', endpoint: undefined, credentials: undefined } as const

function database(box: Sandbox, ...replicas: string[]): DatabaseOptions {
  const path = box.path('data/app.db')
  return {
    ...databaseDefaults,
    path,
    metaPath: box.path('data/.app.db-wherry'),
    replicas: replicas.map((name) => ({
      ...replicaDefaults,
      name,
      storage: name === 'gcs' ? elsewhere : { type: 'file', path: box.path(name) },
    })),
  }
}

test('It is one where neither the database nor a folder of a replica is there, or that is empty', (t) => {
  const box = sandbox(t)
  assert.ok(isFirstStart(database(box, 'a', 'b')))
  mkdirSync(box.path('a'))
  mkdirSync(dirname(database(box).path))
  assert.ok(isFirstStart(database(box, 'a', 'b')))
})

const cases: readonly { title: string; prepare: (box: Sandbox) => void; replicas?: string[] }[] = [
  { title: 'a database', prepare: (box) => writeFileSync(box.path('data/app.db'), '') },
  { title: 'a link in its place', prepare: (box) => symlinkSync('nowhere', box.path('data/app.db')) },
  { title: 'generations in one replica', prepare: (box) => mkdirSync(box.path('b/generations'), { recursive: true }) },
  { title: 'a file in place of a replica', prepare: (box) => writeFileSync(box.path('b'), '') },
  { title: 'a replica elsewhere', prepare: () => {}, replicas: ['a', 'gcs'] },
]

for (const { title, prepare, replicas = ['a', 'b'] } of cases) {
  test(`It is none with ${title}`, (t) => {
    const box = sandbox(t)
    mkdirSync(box.path('data'))
    prepare(box)
    assert.equal(isFirstStart(database(box, ...replicas)), false)
  })
}

test('An engine that cannot start ends the app that went ahead of it', async (t) => {
  const box = sandbox(t)
  const broken =
    "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) throw new Error('Injected fault')"
  const run = box.start([...wherry.command, 'run', '--', 'sh', '-c', 'trap "exit 0" TERM; echo up; sleep 60 & wait'], {
    env: {
      WHERRY_DB_PATH: box.path('app.db'),
      WHERRY_REPLICA_URL: `file://${box.path('replica')}`,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(broken)}`,
    },
  })
  assert.deepEqual(await run.ended, { code: 70, signal: null }, run.tail())
  assert.match(run.stderr, /engine failed, stopping.*Injected fault/)
})

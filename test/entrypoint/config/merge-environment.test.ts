import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import type { Config } from '../../../entrypoint/config/config.ts'
import { directConfig, directLogging, directReplica } from '../../../entrypoint/config/direct-config.ts'
import type { Environment } from '../../../entrypoint/config/expand-env.ts'
import { loadConfig } from '../../../entrypoint/config/load-config.ts'
import { appEnvironment } from '../../../entrypoint/supervisor/app-environment.ts'
import { sandbox } from '../../support/sandbox.ts'

/** A file with this text, called FILE in the messages, and these variables. */
async function load(t: TestContext, text: string, env: Environment): Promise<Config> {
  const file = sandbox(t).path('c.yml')
  writeFileSync(file, text)
  try {
    return await loadConfig({ config: file }, env)
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(file, 'FILE')
    throw error
  }
}

const two = 'dbs: [{path: /a}, {path: /b}]'
const oneOfEach = 'dbs: [{path: /a, spool-limit: 1MB, replicas: [{path: /r, name: n, retention: 1h}]}]'

test('Variables win over the file, key by key', async (t) => {
  const text = 'grace-period: 1s\nboot-timeout: 2s\npass-env: [A, B]\nlogging: {level: warn, type: json}\nexec: file'
  const env = { WHERRY_GRACE_PERIOD: '3s', WHERRY_LOG_LEVEL: 'debug', WHERRY_PASS_ENV: 'C', WHERRY_EXEC: '' }
  const { supervisor, logging, exec } = await load(t, text, env)
  assert.deepEqual([supervisor.gracePeriodMs, supervisor.bootTimeoutMs], [3000, 2000])
  assert.deepEqual([supervisor.passEnv, exec], [['C'], 'file'])
  assert.deepEqual(logging, { level: 'debug', type: 'json', stderr: false })
})

test('listen wins over addr, wherever they are from', async (t) => {
  const listenOf = async (text: string, env: Environment) => (await load(t, text, env)).supervisor.listen
  assert.equal(await listenOf('addr: ":1"', {}), ':1')
  assert.equal(await listenOf('addr: ":1"\nlisten: ":2"', { WHERRY_ADDR: ':3' }), ':2')
  assert.equal(await listenOf('addr: ":1"', { WHERRY_ADDR: ':3' }), ':3')
  assert.equal(await listenOf('addr: ":1"', { WHERRY_LISTEN: 'unix:/a/../s' }), 'unix:/s')
})

test('Variables change the only database and its only replica', async (t) => {
  const env = { WHERRY_DB_PATH: '/x', WHERRY_DB_SPOOL_LIMIT: '2MB', WHERRY_REPLICA_NAME: 'm' }
  const { databases } = await load(t, oneOfEach, env)
  assert.equal(databases.length, 1)
  const [{ path, spoolLimitBytes, replicas } = {}] = databases
  assert.deepEqual([path, spoolLimitBytes, replicas?.length], ['/x', 2_000_000, 1])
  const [{ name, retentionMs, storage } = {}] = replicas ?? []
  assert.deepEqual([name, retentionMs, storage], ['m', 3_600_000, { type: 'file', path: '/r' }])
})

test('Variables make what the file does not have', async (t) => {
  const env = { WHERRY_DB_PATH: '/x', WHERRY_REPLICA_URL: 'file:///s' }
  const without = await load(t, 'access-key-id: ""', env)
  assert.deepEqual(without.databases, (await directConfig('/x', ['file:///s'], {})).databases)
  const bare = await load(t, 'dbs: [{path: /a}]', { WHERRY_REPLICA_URL: 'file:///s' })
  assert.deepEqual(bare.databases, (await directConfig('/a', ['file:///s'], {})).databases)
  const alone = await load(t, 'dbs: [{path: /a}]', { WHERRY_DB_PATH: '/x' })
  assert.deepEqual(
    alone.databases.map(({ path, replicas }) => [path, replicas]),
    [['/x', []]],
  )
})

test('A replica URL in a variable replaces all that the file says about the place, and nothing else', async (t) => {
  const place = 'type: s3, bucket: b, path: p, region: r, endpoint: e, force-path-style: false, skip-verify: true'
  const rest = 'name: n, access-key-id: I, secret-access-key: S, retention: 1h'
  const text = `dbs: [{path: /a, replicas: [{${place}, ${rest}}]}]`
  const replicaWith = async (env: Environment) => (await load(t, text, env)).databases[0]?.replicas[0]
  const aws = { type: 's3', bucket: 'x', path: 'y', region: undefined, endpoint: undefined, forcePathStyle: false }
  const credentials = { accessKeyId: 'I', secretAccessKey: 'S' }
  const moved = await replicaWith({ WHERRY_REPLICA_URL: 's3://x/y' })
  assert.deepEqual(moved?.storage, { ...aws, skipVerify: false, ...credentials })
  assert.deepEqual([moved?.name, moved?.retentionMs], ['n', 3_600_000])
  const regional = await replicaWith({ WHERRY_REPLICA_URL: 's3://x/y', WHERRY_REPLICA_REGION: 'q' })
  assert.deepEqual(regional?.storage, { ...aws, region: 'q', skipVerify: false, ...credentials })
  assert.deepEqual((await replicaWith({ WHERRY_REPLICA_URL: 'file:///f' }))?.storage, { type: 'file', path: '/f' })
})

/** A file, variables, and the whole message. */
const wrong: [string, Environment, string][] = [
  [
    two,
    { WHERRY_DB_PATH: '/x' },
    'WHERRY_DB_PATH: FILE has 2 databases, and variables are about the only one; unset the variable, and set the key in the file',
  ],
  [
    two,
    { WHERRY_REPLICA_SYNC_INTERVAL: '1s' },
    'WHERRY_REPLICA_SYNC_INTERVAL: FILE has 2 databases, and variables are about the only one; unset the variable, and set the key in the file',
  ],
  [
    'dbs: [{path: /a, replicas: [{path: /r}, {path: /s, name: s}]}]',
    { WHERRY_REPLICA_URL: 'file:///t' },
    'WHERRY_REPLICA_URL: the database in FILE has 2 replicas, and variables are about the only one; unset the variable, and set the key in the file',
  ],
  [
    '',
    { WHERRY_DB_PATH: '/a' },
    'WHERRY_DB_PATH is set without WHERRY_REPLICA_URL; set both, or WHERRY_REPLICATION=off to run without a backup',
  ],
  [
    '',
    { WHERRY_REPLICA_REGION: 'r' },
    'WHERRY_REPLICA_REGION is set without WHERRY_DB_PATH; set both, or WHERRY_REPLICATION=off to run without a backup',
  ],
  [
    'dbs: [{path: /a, replicas: [{url: s3://b}]}]',
    { WHERRY_REPLICA_BUCKET: 'c' },
    'WHERRY_REPLICA_BUCKET: bucket and url are both set; drop one of them',
  ],
  [
    'dbs: [{path: /a, replicas: [{url: s3://b, access-key-id: I}]}]',
    {},
    'FILE:1:43: dbs[0].replicas[0].access-key-id: access-key-id is set without secret-access-key; set both, or neither',
  ],
  [
    'dbs: [{path: /a}]',
    { WHERRY_REPLICATION: 'required' },
    'WHERRY_REPLICATION: it is required, and /a has no replica',
  ],
]

for (const [text, env, message] of wrong) {
  test(`ERR_CONFIG: ${message}`, async (t) => {
    await assert.rejects(load(t, text, env), { code: 'ERR_CONFIG', message })
  })
}

test('The path that a Wherry around this one tells is a fact, not a setting', async (t) => {
  const facts = [{ path: '/outer', state: 'new', generation: undefined }] as const
  const env = appEnvironment({}, { passEnv: [], withholdEnv: [] }, facts)
  const pathsOf = async (text: string, more: Environment) =>
    (await load(t, text, { ...env, ...more })).databases.map(({ path }) => path)
  assert.deepEqual(await pathsOf(two, {}), ['/a', '/b'])
  assert.deepEqual(await pathsOf(oneOfEach, {}), ['/a'])
  assert.deepEqual(await pathsOf('', {}), [])
  assert.deepEqual(await pathsOf('', { WHERRY_REPLICA_URL: 'file:///r' }), ['/outer'])
  assert.deepEqual(await pathsOf(oneOfEach, { WHERRY_DB_PATH: '/set' }), ['/set'])
})

test('Arguments instead of a configuration: variables of the top level count, those of a replica do not', async () => {
  const env = {
    WHERRY_DB_SPOOL_LIMIT: '1MB',
    WHERRY_REPLICA_ACCESS_KEY_ID: 'of another',
    WHERRY_REPLICA_SECRET_ACCESS_KEY: 'of another',
    WHERRY_GRACE_PERIOD: '3s',
    WHERRY_LOG_TYPE: 'json',
  }
  const plain = await directConfig('/a', ['s3://b'], {})
  const config = await directConfig('/a', ['s3://b'], env)
  assert.deepEqual(config.databases, plain.databases)
  assert.deepEqual([config.supervisor.gracePeriodMs, config.logging.type, config.exec], [3000, 'json', undefined])
  const credentials = { WHERRY_ACCESS_KEY_ID: 'I', WHERRY_SECRET_ACCESS_KEY: 'S' }
  for (const storage of [
    (await directReplica('s3://b', { ...env, ...credentials })).storage,
    (await directConfig('/a', ['s3://b'], { ...env, ...credentials })).databases[0]?.replicas[0]?.storage,
  ]) {
    assert.ok(storage?.type === 's3')
    assert.deepEqual([storage.accessKeyId, storage.secretAccessKey], ['I', 'S'])
  }
  assert.deepEqual(directLogging(env), { level: 'info', type: 'json', stderr: false })
  assert.equal(directLogging({}), undefined)
  await assert.rejects(directReplica('s3://b', { WHERRY_ACCESS_KEY_ID: 'I' }), {
    code: 'ERR_CONFIG',
    message: 'WHERRY_ACCESS_KEY_ID: access-key-id is set without secret-access-key; set both, or neither',
  })
})

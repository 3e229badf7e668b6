import assert from 'node:assert/strict'
import test from 'node:test'
import type { Config } from '../../../entrypoint/config/config.ts'
import type { Environment } from '../../../entrypoint/config/expand-env.ts'
import { loadConfig } from '../../../entrypoint/config/load-config.ts'
import { supervisorDefaults } from '../../../entrypoint/config/supervisor-options.ts'
import { variables } from '../../../entrypoint/config/variables.ts'

const one = { WHERRY_DB_PATH: '/a.db', WHERRY_REPLICA_URL: 's3://b/p' }

/** What variables alone make. */
async function load(env: Environment): Promise<Config> {
  return await loadConfig({}, env, '/nonexistent/litestream.yml')
}

test('Every variable has a name of its own', () => {
  assert.equal(new Set(variables.map(({ name }) => name)).size, variables.length)
  assert.ok(variables.length > 40)
})

test('One database and one replica from variables alone, with every setting', async () => {
  const { databases, logging, exec, supervisor, source, warnings } = await load({
    ...one,
    WHERRY_EXEC: 'app -x, y',
    WHERRY_LOG_LEVEL: 'DEBUG',
    WHERRY_LOG_TYPE: 'json',
    WHERRY_LOG_STDERR: 'yes',
    WHERRY_DB_META_PATH: '/meta',
    WHERRY_DB_MONITOR_INTERVAL: '2s',
    WHERRY_DB_CHECKPOINT_INTERVAL: '0',
    WHERRY_DB_MIN_CHECKPOINT_PAGE_COUNT: '4',
    WHERRY_DB_MAX_CHECKPOINT_PAGE_COUNT: '1_000',
    WHERRY_DB_SPOOL_LIMIT: '6MB',
    WHERRY_REPLICA_NAME: 'main',
    WHERRY_REPLICA_REGION: 'no',
    WHERRY_REPLICA_ENDPOINT: 'minio:9000',
    WHERRY_REPLICA_FORCE_PATH_STYLE: 'false',
    WHERRY_REPLICA_SKIP_VERIFY: 'true',
    WHERRY_REPLICA_ACCESS_KEY_ID: 'I',
    WHERRY_REPLICA_SECRET_ACCESS_KEY: 'S',
    WHERRY_REPLICA_SYNC_INTERVAL: '7s',
    WHERRY_REPLICA_RETENTION: '8h',
    WHERRY_REPLICA_RETENTION_CHECK_INTERVAL: '9m',
    WHERRY_REPLICA_SNAPSHOT_INTERVAL: '10h',
    WHERRY_REPLICA_VALIDATION_INTERVAL: '11h',
    WHERRY_CONFLICT: 'use-local',
  })
  assert.deepEqual(
    [source, exec, logging, supervisor, warnings],
    [
      undefined,
      'app -x, y',
      { level: 'debug', type: 'json', stderr: true },
      { ...supervisorDefaults, conflict: 'use-local' },
      [],
    ],
  )
  assert.deepEqual(databases, [
    {
      path: '/a.db',
      metaPath: '/meta',
      monitorIntervalMs: 2000,
      checkpointIntervalMs: 0,
      minCheckpointPageCount: 4,
      maxCheckpointPageCount: 1000,
      spoolLimitBytes: 6_000_000,
      onConflict: 'use-local',
      replicas: [
        {
          name: 'main',
          storage: {
            type: 's3',
            bucket: 'b',
            path: 'p',
            region: 'no',
            endpoint: 'https://minio:9000',
            forcePathStyle: false,
            skipVerify: true,
            accessKeyId: 'I',
            secretAccessKey: 'S',
          },
          syncIntervalMs: 7000,
          retentionMs: 8 * 3_600_000,
          retentionCheckIntervalMs: 540_000,
          snapshotIntervalMs: 36_000_000,
          validationIntervalMs: 39_600_000,
        },
      ],
    },
  ])
})

test('A replica of parts instead of a URL', async () => {
  const parts = { WHERRY_REPLICA_TYPE: 's3', WHERRY_REPLICA_BUCKET: 'b', WHERRY_REPLICA_PATH: 'p' }
  const [database] = (await load({ WHERRY_DB_PATH: '/a.db', ...parts })).databases
  assert.deepEqual(database, (await load(one)).databases[0])
})

test('The options of the supervisor arrive', async () => {
  const { supervisor } = await load({
    ...one,
    WHERRY_GRACE_PERIOD: '25s',
    WHERRY_BOOT: 'allow-unknown',
    WHERRY_BOOT_TIMEOUT: '0',
    WHERRY_CONFLICT: 'use-replica',
    WHERRY_ON_ENGINE_FAILURE: 'continue',
    WHERRY_LISTEN: '[::1]:0',
    WHERRY_READY_LAG: '1m30s',
    WHERRY_BEFORE_START: '\nmigrate --only a,b\n\n  seed "x y"  \n',
    WHERRY_REPLICATION: 'required',
    WHERRY_CWD: 'app/../srv',
    WHERRY_PASS_ENV: 'A, B_*,\nC',
    WHERRY_WITHHOLD_ENV: '*',
  })
  assert.deepEqual(supervisor, {
    gracePeriodMs: 25_000,
    boot: 'allow-unknown',
    bootTimeoutMs: 0,
    conflict: 'use-replica',
    onEngineFailure: 'continue',
    listen: '[::1]:0',
    readyLagMs: 90_000,
    beforeStart: ['migrate --only a,b', 'seed "x y"'],
    replication: 'required',
    cwd: `${process.cwd()}/srv`,
    passEnv: ['A', 'B_*', 'C'],
    withholdEnv: ['*'],
  })
})

test('Empty variables, and what YAML takes for null, are unset', async () => {
  const empty = Object.fromEntries(variables.map(({ name }) => [name, '']))
  assert.deepEqual(await load({ ...empty, ...one }), await load(one))
  assert.deepEqual(await load({ ...one, WHERRY_EXEC: 'null', WHERRY_GRACE_PERIOD: '~' }), await load(one))
  assert.deepEqual(await load({ ...one, WHERRY_BEFORE_START: '\n', WHERRY_PASS_ENV: ' , ' }), await load(one))
})

/** Variables beside a database and a replica, and the whole message. */
const wrong: [Environment, string][] = [
  [{ WHERRY_GRACE_PERIOD: '10' }, 'WHERRY_GRACE_PERIOD: "10" is not a duration like 30s, 15m or 24h'],
  [{ WHERRY_GRACE_PERIOD: '-1s' }, 'WHERRY_GRACE_PERIOD: grace-period must be above 0'],
  [
    { WHERRY_REPLICA_SYNC_INTERVAL: '1000000000' },
    'WHERRY_REPLICA_SYNC_INTERVAL: "1000000000" is not a duration like 30s, 15m or 24h',
  ],
  [{ WHERRY_REPLICA_SYNC_INTERVAL: '0' }, 'WHERRY_REPLICA_SYNC_INTERVAL: sync-interval must be above 0'],
  [{ WHERRY_LOG_STDERR: '1' }, 'WHERRY_LOG_STDERR: "1" is not true or false'],
  [{ WHERRY_LOG_TYPE: 'xml' }, 'WHERRY_LOG_TYPE: "xml" is not a log type; set text or json'],
  [{ WHERRY_DB_MIN_CHECKPOINT_PAGE_COUNT: 'x' }, 'WHERRY_DB_MIN_CHECKPOINT_PAGE_COUNT: "x" is not a whole number'],
  [{ WHERRY_DB_SPOOL_LIMIT: 'x' }, 'WHERRY_DB_SPOOL_LIMIT: "x" is not a size like 512MB or 1GiB'],
  [{ WHERRY_BOOT: 'allow' }, 'WHERRY_BOOT: "allow" is not strict or allow-unknown'],
  [
    { WHERRY_BEFORE_START: 'a\nb | c' },
    'WHERRY_BEFORE_START: command 2 has an unquoted "|", which only a shell understands; use sh -c "..."',
  ],
  [{ WHERRY_REPLICA_PATH: 'p' }, 'WHERRY_REPLICA_PATH: path and url are both set; drop one of them'],
  [
    { WHERRY_REPLICA_ACCESS_KEY_ID: 'I' },
    'WHERRY_REPLICA_ACCESS_KEY_ID: access-key-id is set without secret-access-key; set both, or neither',
  ],
  [
    { WHERRY_SECRET_ACCESS_KEY: 'hunter2' },
    'WHERRY_SECRET_ACCESS_KEY: secret-access-key is set without access-key-id; set both, or neither',
  ],
  [
    { WHERRY_REPLICA_URL: 'ftp://u:hunter2@h/p' },
    'WHERRY_REPLICA_URL: "ftp://u:***@h/p" has a scheme that is not a replica type; did you mean "sftp"?',
  ],
  [{ WHERRY_REPLICA_URL: '', WHERRY_REPLICA_TYPE: 's3' }, 'WHERRY_REPLICA_*: an s3 replica needs bucket, or url'],
]

for (const [env, message] of wrong) {
  test(`ERR_CONFIG: ${message}`, async () => {
    await assert.rejects(load({ ...one, ...env }), { code: 'ERR_CONFIG', message })
  })
}

test('A variable that is not known is a warning with the nearest one', async () => {
  const { warnings } = await load({
    ...one,
    WHERRY_GRACE_PERIODS: '1s',
    WHERRY_XYZ: 'x',
    WHERRY_ABC: '',
    WHERRY_EXEC_FILE: '/f',
  })
  assert.deepEqual(warnings, [
    'WHERRY_EXEC_FILE is not a variable that Wherry reads',
    'WHERRY_GRACE_PERIODS is not a variable that Wherry reads; did you mean "WHERRY_GRACE_PERIOD"?',
    'WHERRY_XYZ is not a variable that Wherry reads',
  ])
})

test('No warning about what Kubernetes, tests and a Wherry around this one set', async () => {
  const names = [
    ...['HOST', 'PORT', 'PORT_HTTP'].flatMap((name) => [`WHERRY_SERVICE_${name}`, `WHERRY_DB_SERVICE_${name}`]),
    ...['PORT', 'PORT_80_TCP', 'PORT_80_TCP_PROTO', 'PORT_80_TCP_PORT', 'PORT_53_UDP_ADDR'].map(
      (name) => `WHERRY_${name}`,
    ),
    ...['WHERRY_DB_PORT', 'WHERRY_TEST_PROGRAM', 'WHERRY_DB_STATE', 'WHERRY_GENERATION', 'WHERRY_DATABASES'],
  ]
  const { warnings } = await load({ ...one, ...Object.fromEntries(names.map((name) => [name, 'x'])) })
  assert.deepEqual(warnings, [])
})

test('What was mistyped is said along with what is missing', async () => {
  await assert.rejects(load({ WHERRY_DB_PATH: '/a.db', WHERRY_REPLCA_URL: 'file:///r' }), {
    code: 'ERR_CONFIG',
    message: /without WHERRY_REPLICA_URL.*; WHERRY_REPLCA_URL is not a variable .*did you mean "WHERRY_REPLICA_URL"/,
  })
})

test('replication: off needs nothing else; required needs a database with a replica', async () => {
  const off = await load({ WHERRY_REPLICATION: 'off' })
  assert.deepEqual([off.databases, off.supervisor.replication, off.source], [[], 'off', undefined])
  const half = await load({ WHERRY_REPLICATION: 'off', WHERRY_DB_PATH: '/a.db' })
  assert.deepEqual(
    half.databases.map(({ path, replicas }) => [path, replicas]),
    [['/a.db', []]],
  )
  const otherHalf = await load({ WHERRY_REPLICATION: 'off', WHERRY_REPLICA_URL: 's3://b' })
  assert.deepEqual(otherHalf.databases, [])
  await assert.rejects(load({ WHERRY_REPLICATION: 'required' }), {
    code: 'ERR_CONFIG',
    message: /^Config file not found/,
  })
  await assert.rejects(load({ WHERRY_REPLICATION: 'required', WHERRY_DB_PATH: '/a' }), {
    code: 'ERR_CONFIG',
    message:
      'WHERRY_DB_PATH is set without WHERRY_REPLICA_URL; set both, or WHERRY_REPLICATION=off to run without a backup',
  })
})

/** `wherry config` of the program itself: what it prints, and what it never prints. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import type { Setting } from '../../../entrypoint/config/settings.ts'
import { variables } from '../../../entrypoint/config/variables.ts'
import { type Finished, type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'

/** No variable of whoever runs the tests counts. */
const cleared = Object.fromEntries(variables.map(({ name }) => [name, undefined]))

async function runConfig(box: Sandbox, args: string[], env: Record<string, string> = {}): Promise<Finished> {
  return await box.run([...wherry.command, 'config', ...args], { env: { ...cleared, ...env } })
}

/** @param warnings what is to be on stderr */
async function settingsOf(box: Sandbox, args: string[], env: Record<string, string>, warnings = /^$/) {
  const { stdout, stderr, code } = await runConfig(box, ['-json', ...args], env)
  assert.equal(code, 0)
  assert.match(stderr, warnings)
  const settings = JSON.parse(stdout) as Setting[]
  return new Map(settings.map((setting) => [setting.key, setting]))
}

test('A file and variables: each key with its value and where it is from', async (t) => {
  const box = sandbox(t)
  const file = box.path('c.yml')
  writeFileSync(box.path('url'), 's3://bkt.nyc3.digitaloceanspaces.com/app\n')
  writeFileSync(
    file,
    `addr: ":9090"
access-key-id: hunter2-id
grace-period: 25s
before-start: [migrate --up]
dbs:
  - path: /data/app.db
    replicas:
      - type: file
        path: /backup
        retention: 72h
`,
  )
  const env = {
    LITESTREAM_CONFIG: file,
    WHERRY_GRACE_PERIOD: '20s',
    WHERRY_REPLICA_URL_FILE: box.path('url'),
    WHERRY_REPLICA_SECRET_ACCESS_KEY: 'hunter2-secret',
  }
  const rows = (keys: string[], settings: Map<string, Setting>) =>
    keys.map((key) => [settings.get(key)?.value, settings.get(key)?.from])
  const settings = await settingsOf(box, [], env)
  const keys = ['config', 'addr', 'listen', 'grace-period', 'boot', 'before-start', 'exec', 'logging.level']
  assert.deepEqual(rows(keys, settings), [
    [file, 'LITESTREAM_CONFIG'],
    [':9090', `${file}:1:1`],
    [':9090', 'addr'],
    ['20s', 'WHERRY_GRACE_PERIOD'],
    ['strict', 'default'],
    [['migrate --up'], `${file}:4:1`],
    [null, 'default'],
    ['info', 'default'],
  ])
  const database = ['path', 'meta-path', 'spool-limit', 'min-checkpoint-page-count'].map((key) => `dbs[0].${key}`)
  assert.deepEqual(rows(database, settings), [
    ['/data/app.db', `${file}:6:5`],
    ['/data/.app.db-wherry', 'default'],
    ['1GiB', 'default'],
    [1000, 'default'],
  ])
  const ofReplica = ['type', 'name', 'url', 'path', 'bucket', 'region', 'endpoint', 'force-path-style', 'retention']
  const secrets = ['access-key-id', 'secret-access-key']
  assert.deepEqual(
    rows(
      [...ofReplica, ...secrets].map((key) => `dbs[0].replicas[0].${key}`),
      settings,
    ),
    [
      ['s3', 'url'],
      ['s3', 'default'],
      ['s3://bkt.nyc3.digitaloceanspaces.com/app', 'WHERRY_REPLICA_URL_FILE'],
      ['app', 'url'],
      ['bkt', 'url'],
      ['nyc3', 'url'],
      ['https://nyc3.digitaloceanspaces.com', 'url'],
      [true, 'default'],
      ['72h', `${file}:10:9`],
      ['****', `${file}:2:1`],
      ['****', 'WHERRY_REPLICA_SECRET_ACCESS_KEY'],
    ],
  )
})

test('The table has the same as JSON, and neither has a secret', async (t) => {
  const box = sandbox(t)
  const env = {
    WHERRY_DB_PATH: '/data/app.db',
    WHERRY_REPLICA_URL: 's3://id:hunter2@bkt/app?region=r',
    WHERRY_BEFORE_START: 'migrate postgres://u:hunter2@db/app',
    WHERRY_REPLICA_ACCESS_KEY_ID: 'hunter2',
    WHERRY_REPLICA_SECRET_ACCESS_KEY: 'hunter2',
    WHERRY_SECRET_ACCESS_KEY: 'hunter2',
    WHERRY_REPLICA_SESSION_TOKEN: 'hunter2',
    WHERRY_PASSWORD: 'hunter2',
    WHERRY_ACCOUNT_KEY: 'hunter2',
  }
  const warning = /^[^\n]*WHERRY_REPLICA_URL: the credential in the URL is not used[^\n]*\n$/
  const settings = await settingsOf(box, [], env, warning)
  const { stdout, stderr, code } = await runConfig(box, [], env)
  assert.equal(code, 0)
  assert.match(stderr, warning)
  const [header, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/))
  assert.deepEqual(header, ['KEY', 'VALUE', 'FROM'])
  assert.deepEqual(
    rows.map(([key, , from]) => [key, from]),
    [...settings.values()].map(({ key, from }) => [key, from]),
  )
  assert.doesNotMatch(stderr + stdout + JSON.stringify([...settings.values()]), /hunter2/)
  assert.equal(settings.get('dbs[0].replicas[0].url')?.value, 's3://id:***@bkt/app?***')
})

test('A file replica has no keys of other types; without credentials it is said who has them', async (t) => {
  const box = sandbox(t)
  const one = { WHERRY_DB_PATH: '/a.db' }
  const file = await settingsOf(box, [], { ...one, WHERRY_REPLICA_URL: 'file:///r' })
  const names = [...file.keys()].filter((key) => key.includes('replicas')).map((key) => key.split('.').at(-1))
  assert.deepEqual(names.slice(0, 5), ['type', 'name', 'url', 'path', 'sync-interval'])
  assert.ok(!names.some((name) => ['bucket', 'access-key-id', 'host', 'account-key'].includes(name ?? '')))
  const s3 = await settingsOf(box, [], { ...one, WHERRY_REPLICA_URL: 's3://b' })
  const { value, from } = s3.get('dbs[0].replicas[0].access-key-id') ?? {}
  assert.deepEqual([value, from], [null, 'AWS default chain'])
})

test('The file that a flag names', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('c.yml'), 'exec: $APP\nreplication: "off"\n')
  const settings = await settingsOf(box, ['-config', box.path('c.yml'), '-no-expand-env'], {})
  assert.equal(settings.get('config')?.from, 'flag -config')
  assert.equal(settings.get('exec')?.value, '$APP')
})

test('Warnings go to stderr; a wrong configuration is one line and status 78, without output', async (t) => {
  const box = sandbox(t)
  const off = { WHERRY_REPLICATION: 'off' }
  const warned = await runConfig(box, [], { ...off, WHERRY_GRACE_PERIO: '1s' })
  assert.equal(warned.code, 0)
  assert.match(warned.stderr, /level=WARN msg="WHERRY_GRACE_PERIO is not a variable that Wherry reads; did you mean/)
  const wrong = await runConfig(box, [], { ...off, WHERRY_BOOT: 'strikt' })
  assert.deepEqual([wrong.code, wrong.stdout], [78, ''])
  assert.match(
    wrong.stderr,
    /^\S+ \S+ ERROR failed to run error="WHERRY_BOOT: \\"strikt\\" is not strict or allow-unknown; did you mean \\"strict\\"\?"\n$/,
  )
  const missing = await runConfig(box, ['-config', box.path('none.yml')])
  assert.deepEqual([missing.code, missing.stdout], [78, ''])
  assert.match(missing.stderr, /Config file not found: .*\/none\.yml/)
  const unreadable = await runConfig(box, [], { ...off, AWS_SESSION_TOKEN_FILE: box.path('none') })
  assert.equal(unreadable.code, 78)
  assert.match(unreadable.stderr, /AWS_SESSION_TOKEN_FILE: .* cannot be read \(ENOENT\)/)
})

test('A secret file that is not there is no matter of commands that need none', async (t) => {
  const box = sandbox(t)
  const { code, stderr } = await box.run([...wherry.command, 'version'], {
    env: { AWS_SECRET_ACCESS_KEY_FILE: '/none' },
  })
  assert.deepEqual([code, stderr], [0, ''])
})

test('Commands with a replica URL log as variables say, else in the plain form of Litestream', async (t) => {
  const box = sandbox(t)
  const restore = ['restore', '-if-replica-exists', '-o', box.path('out.db'), `file://${box.path('none')}`]
  const logOf = async (env: Record<string, string>) => {
    const { stdout, stderr, code } = await box.run([...wherry.command, ...restore], { env: { ...cleared, ...env } })
    assert.equal(code, 0)
    return { stdout, stderr }
  }
  assert.match((await logOf({})).stderr, /^\S+ \S+ INFO no matching backups found$/m)
  assert.match((await logOf({ WHERRY_LOG_TYPE: 'json' })).stdout, /^\{"time":.*"msg":"no matching backups found"\}$/m)
})

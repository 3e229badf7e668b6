import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import test from 'node:test'
import { databaseDefaults, replicaDefaults } from '../../../engine/options.ts'
import { supervisorDefaults } from '../../../entrypoint/config/supervisor-options.ts'
import { firstDatabase, replicaOf, replicaText, resolveText } from './resolve-text.ts'

const s3Defaults = {
  type: 's3',
  path: '',
  region: undefined,
  endpoint: undefined,
  forcePathStyle: false,
  skipVerify: false,
  accessKeyId: undefined,
  secretAccessKey: undefined,
}

test("Litestream's example file resolves", () => {
  const config = resolveText(`
addr: ":9090"
access-key-id: ID
secret-access-key: SECRET
logging: {level: info, type: text, stderr: false}
exec: app -x
dbs:
  - path: ~/data/app.db
    checkpoint-interval: 1m
    replicas:
      - url: s3://bkt.s3.us-west-000.backblazeb2.com/app
        retention: 72h
        snapshot-interval: 12h
      - name: local
        path: /backup/app
      - type: abs
        account-name: acct
        bucket: container
        path: app
      - url: sftp://user@host:2222/backup/app
        key-path: /etc/keys/id_ed25519
        known-hosts: /etc/keys/known_hosts
`)
  const path = `${userInfo().homedir}/data/app.db`
  assert.deepEqual(config, {
    source: '/c.yml',
    exec: 'app -x',
    logging: { level: 'info', type: 'text', stderr: false },
    supervisor: { ...supervisorDefaults, listen: ':9090' },
    databases: [
      {
        ...databaseDefaults,
        path,
        metaPath: `${userInfo().homedir}/data/.app.db-wherry`,
        replicas: [
          {
            ...replicaDefaults,
            name: 's3',
            storage: {
              ...s3Defaults,
              bucket: 'bkt',
              path: 'app',
              region: 'us-west-000',
              endpoint: 'https://s3.us-west-000.backblazeb2.com',
              forcePathStyle: true,
              accessKeyId: 'ID',
              secretAccessKey: 'SECRET',
            },
            retentionMs: 72 * 3_600_000,
            snapshotIntervalMs: 12 * 3_600_000,
            validationIntervalMs: 0,
          },
          { ...replicaDefaults, name: 'local', storage: { type: 'file', path: '/backup/app' } },
          {
            ...replicaDefaults,
            name: 'abs',
            storage: {
              type: 'abs',
              bucket: 'container',
              path: 'app',
              endpoint: undefined,
              accountName: 'acct',
              accountKey: undefined,
              sasToken: undefined,
            },
          },
          {
            ...replicaDefaults,
            name: 'sftp',
            storage: {
              type: 'sftp',
              host: 'host',
              port: 2222,
              user: 'user',
              path: '/backup/app',
              password: undefined,
              keyPath: '/etc/keys/id_ed25519',
              keyPassphrase: undefined,
              agent: undefined,
              hostKey: undefined,
              knownHostsPath: '/etc/keys/known_hosts',
            },
          },
        ],
      },
    ],
    directories: [],
    restoreMissing: [],
    warnings: [],
  })
})

test('Every setting of a database and a replica arrives', () => {
  const database = firstDatabase(`
conflict: use-local
dbs:
  - path: data/../a.db
    meta-path: ~/meta
    monitor-interval: 2s
    checkpoint-interval: 3s
    min-checkpoint-page-count: 4
    max-checkpoint-page-count: 5
    spool-limit: 6MB
    replicas: [{path: rep/, sync-interval: 7s, retention: 8s, retention-check-interval: 9s, snapshot-interval: 10s,
      validation-interval: 11s}]
`)
  assert.deepEqual(database, {
    path: `${process.cwd()}/a.db`,
    metaPath: `${process.cwd()}/~/meta`,
    monitorIntervalMs: 2000,
    checkpointIntervalMs: 3000,
    minCheckpointPageCount: 4,
    maxCheckpointPageCount: 5,
    spoolLimitBytes: 6_000_000,
    onConflict: 'use-local',
    replicas: [
      {
        name: 'file',
        storage: { type: 'file', path: `${process.cwd()}/rep` },
        syncIntervalMs: 7000,
        retentionMs: 8000,
        retentionCheckIntervalMs: 9000,
        snapshotIntervalMs: 10_000,
        validationIntervalMs: 11_000,
      },
    ],
  })
})

test('Zero and less switch off what may be off', () => {
  const database = firstDatabase(`
dbs:
  - path: /a
    checkpoint-interval: -1s
    max-checkpoint-page-count: -1
    replicas: [{path: /r, retention: -1s, snapshot-interval: -1s, validation-interval: -1s}]
`)
  assert.equal(database.checkpointIntervalMs, 0)
  assert.equal(database.maxCheckpointPageCount, 0)
  const [replica] = database.replicas
  assert.deepEqual([replica?.retentionMs, replica?.snapshotIntervalMs, replica?.validationIntervalMs], [0, 0, 0])
})

const paths: Record<string, string> = {
  '~': userInfo().homedir,
  '~/x/../y': `${userInfo().homedir}/y`,
  '"~user/x"': `${process.cwd()}/~user/x`,
  '/a//b/./c/..': '/a/b',
  rel: `${process.cwd()}/rel`,
}

for (const [text, path] of Object.entries(paths)) {
  // A plain ~ is YAML's null: only in quotes is it a path.
  const quoted = text === '~' ? '"~"' : text
  test(`Path ${text} of a file replica is ${path}`, () => {
    assert.deepEqual(replicaOf(`path: ${quoted}`).storage, { type: 'file', path })
  })
}

test('The type is that of the URL, else the key, else file; the name is the type', () => {
  assert.deepEqual(
    [replicaOf('url: s3://b', 'type: file')].map(({ name, storage }) => [name, storage.type]),
    [['s3', 's3']],
  )
  assert.equal(replicaOf('type: s3', 'bucket: b').name, 's3')
  assert.equal(replicaOf('path: /r').name, 'file')
  assert.equal(replicaOf('path: /r', 'name: other').name, 'other')
})

test('s3: region, endpoint and path style from keys, URL and defaults', () => {
  const storages: [string[], object][] = [
    [['url: s3://bkt/p'], { bucket: 'bkt', path: 'p' }],
    [['type: s3', 'bucket: bkt', 'path: a//b/'], { bucket: 'bkt', path: 'a/b' }],
    [['type: s3', 'bucket: bkt', 'path: /a/'], { bucket: 'bkt', path: '/a' }],
    [['type: s3', 'bucket: bkt', 'path: ./'], { bucket: 'bkt' }],
    [['url: s3://bkt', 'region: r'], { bucket: 'bkt', region: 'r' }],
    [
      ['url: s3://bkt', 'endpoint: "http://minio:9000"'],
      { bucket: 'bkt', region: 'us-east-1', endpoint: 'http://minio:9000', forcePathStyle: true },
    ],
    [
      ['url: s3://bkt', 'endpoint: minio:9000', 'force-path-style: false', 'skip-verify: true'],
      { bucket: 'bkt', region: 'us-east-1', endpoint: 'https://minio:9000', skipVerify: true },
    ],
    [['url: s3://bkt', 'force-path-style: true'], { bucket: 'bkt', forcePathStyle: true }],
    [
      ['url: s3://bkt.nyc3.digitaloceanspaces.com', 'region: r', 'endpoint: e'],
      { bucket: 'bkt', region: 'r', endpoint: 'https://e', forcePathStyle: true },
    ],
    [
      ['url: s3://bkt.s3.filebase.com', 'force-path-style: no'],
      { bucket: 'bkt', region: 'us-east-1', endpoint: 'https://s3.filebase.com', forcePathStyle: false },
    ],
  ]
  for (const [lines, expected] of storages) {
    assert.deepEqual(replicaOf(...lines).storage, { ...s3Defaults, ...expected }, lines.join(', '))
  }
})

test('Keys at the top fill in field by field; empty values count as unset', () => {
  const storage = (replica: string, top: string) =>
    firstDatabase(`${top}\n${replicaText(...replica.split(', '))}`).replicas[0]?.storage
  const top = 'access-key-id: TI\nsecret-access-key: TS'
  const own = { accessKeyId: 'I', secretAccessKey: 'TS' }
  assert.deepEqual(storage('url: s3://b, access-key-id: I', top), { ...s3Defaults, bucket: 'b', ...own })
  const empty = storage('url: s3://b, access-key-id: ""', 'access-key-id: ""\nsecret-access-key:')
  assert.deepEqual(empty, { ...s3Defaults, bucket: 'b' })
  assert.deepEqual(storage('path: /r', top), { type: 'file', path: '/r' })
})

test('Log levels in any case; an unknown one is info, with a warning', () => {
  const levels = { DEBUG: 'debug', Info: 'info', warn: 'warn', WARNING: 'warn', error: 'error' }
  for (const [text, level] of Object.entries(levels)) {
    const config = resolveText(`logging: {level: ${text}}`)
    assert.deepEqual([config.logging.level, config.warnings], [level, []])
  }
  const config = resolveText('logging: {level: verbose}')
  assert.equal(config.logging.level, 'info')
  assert.deepEqual(config.warnings, ['/c.yml:1:11: logging.level: "verbose" is not a log level; info is used'])
})

test('A key that only other types have is accepted with a warning', () => {
  const { warnings } = resolveText(replicaText('path: /r', 'sse-customer-key: k', 'region: r', 'bucket: ""'))
  assert.deepEqual(warnings, [
    '/c.yml:6:9: dbs[0].replicas[0].region: region means nothing for a replica of type file',
    '/c.yml:5:9: dbs[0].replicas[0].sse-customer-key: sse-customer-key means nothing for a replica of type file',
  ])
})

test('An empty age section means nothing', () => {
  const { warnings, databases } = resolveText(replicaText('path: /r', 'age: {identities: [], recipients: }'))
  assert.deepEqual(warnings, [])
  assert.ok(!('age' in (databases[0]?.replicas[0] ?? {})))
})

/** What Litestream 0.5 writes otherwise than 0.3, where it has a meaning here; and what has none. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import type { ReplicaOptions } from '../../../engine/options.ts'
import { ignoredKeys } from '../../../entrypoint/config/ignored-keys.ts'
import type { KeyTable } from '../../../entrypoint/config/key-spec.ts'
import { replicaKeys, sharedKeys } from '../../../entrypoint/config/replica-keys.ts'
import { sandbox } from '../../support/sandbox.ts'
import { firstDatabase, replicaOf, replicaText, resolveText } from './resolve-text.ts'

function replicaIn(text: string): ReplicaOptions {
  const [replica] = firstDatabase(text).replicas
  assert.ok(replica)
  return replica
}

test('A whole file of Litestream 0.5', () => {
  const { databases, warnings } = resolveText(`
access-key-id: I
secret-access-key: S
endpoint: http://minio:9000
sync-interval: 5s
snapshot: {interval: 6h, retention: 48h}
logging: {level: trace, type: pretty, source: true}
levels: [{interval: 30s}]
dbs:
  - path: sqlite:///a.db
    snapshot: {interval: 3h}
    replica:
      url: s3://b/p
      part-size: 10MiB
`)
  const [{ path, replicas } = { path: '', replicas: [] }] = databases
  const [replica] = replicas
  assert.ok(replica?.storage.type === 's3')
  assert.deepEqual([path, replicas.length, replica.storage.endpoint], ['/a.db', 1, 'http://minio:9000'])
  assert.deepEqual([replica.storage.accessKeyId, replica.syncIntervalMs], ['I', 5000])
  assert.deepEqual([replica.snapshotIntervalMs, replica.retentionMs], [3 * 3_600_000, 48 * 3_600_000])
  assert.deepEqual(
    warnings.map((warning) => warning.replace(/^\/c\.yml:\d+:\d+: ([^:]*): .*$/, '$1')),
    ['levels', 'logging.source', 'dbs[0].replica.part-size'],
  )
  assert.match(warnings[2] ?? '', /^\/c\.yml:14:7: dbs\[0\]\.replica\.part-size: part-size means nothing here: /)
})

test('replica is the only one of replicas, and errors name where it stands', () => {
  assert.deepEqual(replicaIn('dbs: [{path: /a, replica: {path: /r, name: n}}]'), replicaOf('path: /r', 'name: n'))
  assert.deepEqual(firstDatabase('dbs: [{path: /a, replica: , replicas: [{path: /r}]}]').replicas.length, 1)
  assert.throws(() => resolveText('dbs: [{path: /a, replica: {path: /r}, replicas: [{path: /s}]}]'), {
    code: 'ERR_CONFIG',
    message: '/c.yml:1:18: dbs[0].replica: replica and replicas are both set; drop one of them',
  })
  assert.throws(() => resolveText('dbs: [{path: /a, replica: {sync-interval: 0, path: /r}}]'), {
    message: '/c.yml:1:28: dbs[0].replica.sync-interval: sync-interval must be above 0',
  })
  assert.throws(() => resolveText('dbs: [{path: /a, replica: [{path: /r}]}]'), /dbs\[0\]\.replica: expected a mapping/)
})

test('Keys at the top are for replicas that know them and lack them; a URL wins over them', () => {
  const top = `
region: r
bucket: tb
endpoint: e
force-path-style: false
skip-verify: true
storage-class: c
sse-kms-key-id: k
account-name: ta
account-key: a2V5
host: th
user: tu
password: tp
key-path: /tk
host-key: ${`SHA256:${'x'.repeat(43)}`}
sync-interval: 7s
`
  const storageIn = (...lines: string[]) => replicaIn(top + replicaText(...lines)).storage
  assert.deepEqual(storageIn('type: s3', 'path: p', 'region: own'), {
    ...{ type: 's3', bucket: 'tb', path: 'p', region: 'own', endpoint: 'https://e', forcePathStyle: false },
    ...{ skipVerify: true, accessKeyId: undefined, secretAccessKey: undefined, storageClass: 'c' },
    encryption: { kind: 'aws:kms', keyId: 'k' },
  })
  const fromUrl = storageIn('url: s3://b.nyc3.digitaloceanspaces.com')
  assert.ok(fromUrl.type === 's3')
  assert.deepEqual(
    [fromUrl.bucket, fromUrl.region, fromUrl.endpoint],
    ['b', 'nyc3', 'https://nyc3.digitaloceanspaces.com'],
  )
  const abs = { type: 'abs', bucket: 'c', path: '', endpoint: 'https://e', accountName: 'ta' }
  assert.deepEqual(storageIn('url: abs://c'), { ...abs, accountKey: 'a2V5', sasToken: undefined })
  assert.deepEqual(storageIn('url: abs://c', 'sas-token: own'), { ...abs, accountKey: undefined, sasToken: 'own' })
  const sftp = storageIn('type: sftp')
  assert.ok(sftp.type === 'sftp')
  assert.deepEqual([sftp.host, sftp.user, sftp.password, sftp.keyPath], ['th', 'tu', 'tp', '/tk'])
  assert.deepEqual(storageIn('path: /r'), { type: 'file', path: '/r' })
  assert.equal(replicaIn(top + replicaText('path: /r')).syncIntervalMs, 7000)
  assert.equal(replicaIn(top + replicaText('path: /r', 'sync-interval: 8s')).syncIntervalMs, 8000)
})

test('Every key at the top that is for replicas is one of a replica, and of the same kind', () => {
  const keys: KeyTable = replicaKeys
  for (const [key, { kind }] of Object.entries(sharedKeys)) assert.equal(keys[key]?.kind, kind, key)
})

test("snapshot and validation: the replica's own keys win, then the database's", () => {
  const top = 'snapshot: {interval: 1h, retention: 2h}\nvalidation: {interval: 3h}\n'
  const intervals = (text: string) => {
    const { snapshotIntervalMs, retentionMs, validationIntervalMs } = replicaIn(text)
    return [snapshotIntervalMs, retentionMs, validationIntervalMs].map((ms) => ms / 3_600_000)
  }
  assert.deepEqual(intervals(top + replicaText('path: /r')), [1, 2, 3])
  assert.deepEqual(intervals(top + replicaText('path: /r', 'retention: 9h', 'validation-interval: 0')), [1, 9, 0])
  const database = 'dbs: [{path: /a, snapshot: {retention: 5h}, replicas: [{path: /r, snapshot-interval: 4h}]}]'
  assert.deepEqual(intervals(top + database), [4, 5, 3])
  assert.deepEqual(resolveText(top + replicaText('path: /r')).warnings, [])
})

test('retention.enabled: false keeps everything, and excludes retention of a replica', () => {
  assert.equal(replicaIn(`retention: {enabled: false}\n${replicaText('path: /r')}`).retentionMs, 0)
  assert.equal(replicaIn(`retention: {enabled: true}\n${replicaText('path: /r')}`).retentionMs, 24 * 3_600_000)
  assert.throws(() => resolveText(`retention: {enabled: false}\n${replicaText('path: /r', 'retention: 1h')}`), {
    message: /\.retention: retention is set, and retention\.enabled is false at the top; drop one of them$/,
  })
})

test('restore-if-db-not-exists names the databases that replicate restores', () => {
  const { restoreMissing } = resolveText(`
dbs:
  - {path: /a, restore-if-db-not-exists: true}
  - {path: /b, restore-if-db-not-exists: false}
  - {path: /c}
`)
  assert.deepEqual(restoreMissing, ['/a'])
})

test('A key of SSE-C from a file', (t) => {
  const box = sandbox(t)
  const keyBase64 = Buffer.alloc(32, 7).toString('base64')
  writeFileSync(box.path('key'), `${keyBase64}\n`)
  const lines = ['url: s3://b', `sse-customer-key-path: ${box.path('key')}`, 'sse-customer-algorithm: AES256']
  const { storage } = replicaOf(...lines)
  assert.deepEqual(storage.type === 's3' && storage.encryption, { kind: 'customer', keyBase64 })
  const wrong: [string[], RegExp][] = [
    [[...lines, `sse-customer-key: ${keyBase64}`], /sse-customer-key and sse-customer-key-path are both set/],
    [['url: s3://b', `sse-customer-key-path: ${box.path('none')}`], /none cannot be read \(ENOENT\)$/],
    [['url: s3://b', 'sse-customer-key-path: /dev/null'], /sse-customer-key-path: it is not the base64 of 32 bytes$/],
    [['url: s3://b', 'sse-customer-algorithm: AES256'], /sse-customer-algorithm is set without sse-customer-key$/],
  ]
  for (const [text, message] of wrong) assert.throws(() => replicaOf(...text), message)
})

test('Every key that means nothing here is a warning, whatever it holds, and is not one when it is empty', () => {
  const texts: Record<keyof typeof ignoredKeys, (line: string) => string> = {
    top: (line) => line,
    logging: (line) => `logging: {${line}}`,
    database: (line) => `dbs: [{path: /a, ${line}}]`,
    replica: (line) => replicaText('path: /r', line),
  }
  for (const [level, keys] of Object.entries(ignoredKeys)) {
    for (const [key, { doc }] of Object.entries(keys)) {
      const textOf = texts[level as keyof typeof ignoredKeys]
      for (const value of ['1', 'text', '[{a: b}]', '{a: [b]}']) {
        const { warnings } = resolveText(textOf(`${key}: ${value}`))
        assert.equal(warnings.length, 1, key)
        assert.ok(warnings[0]?.endsWith(`${key}: ${key} means nothing here: ${doc}`), warnings[0])
      }
      assert.deepEqual(resolveText(textOf(`${key}: `)).warnings, [])
    }
  }
})

test('What would not be backed up, or not as it is meant, is an error', () => {
  for (const text of [
    'dbs: [{path: /a, replica: {type: nats, url: "nats://h"}}]',
    'dbs: [{path: /a, replica: {url: "webdav://h"}}]',
    'dbs: [{path: /a, replica: {type: oss, bucket: b}}]',
  ]) {
    assert.throws(() => resolveText(text), { code: 'ERR_CONFIG', message: /not a replica type/ })
  }
})

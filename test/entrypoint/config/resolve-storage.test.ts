import assert from 'node:assert/strict'
import test from 'node:test'
import type { Environment } from '../../../entrypoint/config/expand-env.ts'
import { replicaText, resolveText } from './resolve-text.ts'

/** What is set of the storage options of a replica with these lines; the known hosts of whoever runs the tests left out. */
function storageOf(lines: string[], env: Environment = {}): object {
  const storage = resolveText(replicaText(...lines), env).databases[0]?.replicas[0]?.storage
  assert.ok(storage)
  const set = Object.entries(storage).filter(([key, value]) => value !== undefined && key !== 'knownHostsPath')
  return Object.fromEntries(set)
}

const abs = { type: 'abs', bucket: 'c', path: 'p', accountName: 'a' }
const development = {
  ...abs,
  accountName: 'devstoreaccount1',
  accountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
}
const text = 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net'
const account = ['type: abs', 'account-name: a', 'bucket: c', 'path: p']
const container = ['type: abs', 'bucket: c', 'path: p']
const gcs = { type: 'gcs', bucket: 'b', path: 'p' }
const key = JSON.stringify({ client_email: 'e', private_key: 'k' })
const sftp = { type: 'sftp', host: 'h', port: 22, user: 'u', path: 'p' }
const login = ['type: sftp', 'host: h', 'user: u', 'path: p']
const s3 = { type: 's3', bucket: 'b', path: '', forcePathStyle: false, skipVerify: false }
const sseKey = Buffer.alloc(32, 7).toString('base64')

/** Lines of a replica, variables, and what is set of its options. */
const storages: [string[], Environment, object][] = [
  // abs
  [['url: abs://a@c/p'], {}, abs],
  [account, {}, abs],
  [['url: abs://x:pw@c/p', 'account-name: a'], {}, abs],
  [[...account, 'account-key: a2V5'], {}, { ...abs, accountKey: 'a2V5' }],
  [[...account, 'sas-token: "?sv=1&sig=s"'], {}, { ...abs, sasToken: 'sv=1&sig=s' }],
  [[...account, 'sas-token: "https://a.blob.core.windows.net/c?sv=1&sig=s"'], {}, { ...abs, sasToken: 'sv=1&sig=s' }],
  [[...account, 'endpoint: "http://127.0.0.1:10000/a"'], {}, { ...abs, endpoint: 'http://127.0.0.1:10000/a' }],
  [[...account, 'endpoint: blob.example.com'], {}, { ...abs, endpoint: 'https://blob.example.com' }],
  [[...container, `connection-string: ${text}`], {}, { ...abs, accountKey: 'a2V5' }],
  [['url: abs://c/p', `connection-string: ${text}`], {}, { ...abs, accountKey: 'a2V5' }],
  [
    [...container, 'connection-string: AccountName=a;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn'],
    {},
    { ...abs, accountKey: 'a2V5', endpoint: 'https://a.blob.core.chinacloudapi.cn' },
  ],
  [
    [
      ...container,
      'connection-string: "BlobEndpoint=https://a.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=s="',
    ],
    {},
    { ...abs, endpoint: 'https://a.blob.core.windows.net', sasToken: 'sv=1&sig=s=' },
  ],
  [
    [...container, 'connection-string: BlobEndpoint=http://10.0.0.1:10000/a;AccountName=a;AccountKey=a2V5;'],
    {},
    { ...abs, endpoint: 'http://10.0.0.1:10000/a', accountKey: 'a2V5' },
  ],
  [
    [...container, 'connection-string: UseDevelopmentStorage=true'],
    {},
    { ...development, endpoint: 'http://127.0.0.1:10000/devstoreaccount1' },
  ],
  [
    [...container, 'connection-string: UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite'],
    {},
    { ...development, endpoint: 'http://azurite:10000/devstoreaccount1' },
  ],
  [account, { LITESTREAM_AZURE_ACCOUNT_KEY: 'a2V5', AZURE_STORAGE_KEY: 'b3Ro' }, { ...abs, accountKey: 'a2V5' }],
  [account, { AZURE_STORAGE_KEY: 'a2V5', AZURE_STORAGE_SAS_TOKEN: 's' }, { ...abs, accountKey: 'a2V5' }],
  [account, { AZURE_STORAGE_SAS_TOKEN: '?s' }, { ...abs, sasToken: 's' }],
  [container, { AZURE_STORAGE_ACCOUNT: 'a', AZURE_STORAGE_KEY: 'a2V5' }, { ...abs, accountKey: 'a2V5' }],
  [container, { AZURE_STORAGE_CONNECTION_STRING: text, AZURE_STORAGE_KEY: 'b3Ro' }, { ...abs, accountKey: 'a2V5' }],
  [container, { AZURE_STORAGE_CONNECTION_STRING: text, AZURE_STORAGE_ACCOUNT: 'x' }, { ...abs, accountKey: 'a2V5' }],
  // A credential of another account, or beside one of the replica's own, is not used.
  [account, { AZURE_STORAGE_ACCOUNT: 'other', AZURE_STORAGE_KEY: 'a2V5' }, abs],
  [account, { AZURE_STORAGE_CONNECTION_STRING: text.replace('Name=a', 'Name=other') }, abs],
  [
    [...account, 'sas-token: s'],
    { LITESTREAM_AZURE_ACCOUNT_KEY: 'a2V5', AZURE_STORAGE_CONNECTION_STRING: text },
    { ...abs, sasToken: 's' },
  ],
  [account, { LITESTREAM_AZURE_ACCOUNT_KEY: '', AZURE_STORAGE_KEY: '' }, abs],
  // gcs
  [['url: gcs://b/p'], {}, gcs],
  [['url: gs://b/p'], {}, gcs],
  [['type: gcs', 'bucket: b', 'path: p'], {}, gcs],
  [['type: gs', 'bucket: b', 'path: p'], {}, gcs],
  [['url: gs://b/p', `credentials: '${key}'`], {}, { ...gcs, credentials: key }],
  [['url: gs://b/p'], { STORAGE_EMULATOR_HOST: 'gcs:4443' }, { ...gcs, endpoint: 'http://gcs:4443' }],
  [['url: gs://b/p'], { STORAGE_EMULATOR_HOST: 'https://gcs:4443' }, { ...gcs, endpoint: 'https://gcs:4443' }],
  [['url: gs://b/p', 'endpoint: h'], { STORAGE_EMULATOR_HOST: 'gcs:4443' }, { ...gcs, endpoint: 'https://h' }],
  // sftp
  [login, {}, sftp],
  [['url: sftp://u@h/p'], {}, { ...sftp, path: '/p' }],
  [['url: sftp://u@h'], {}, { ...sftp, path: '' }],
  [['url: sftp://u:p%40w@h:2222/p/'], {}, { ...sftp, port: 2222, password: 'p@w', path: '/p' }],
  [['url: sftp://x:y@h/p', 'user: u', 'password: w'], {}, { ...sftp, password: 'w', path: '/p' }],
  [['url: sftp://u@[::1]:2222/p'], {}, { ...sftp, host: '::1', port: 2222, path: '/p' }],
  [[...login, 'host: "[fe80::1]"'], {}, { ...sftp, host: 'fe80::1' }],
  [[...login, 'host: "::1"'], {}, { ...sftp, host: '::1' }],
  [[...login, 'host: 10.0.0.1:2222'], {}, { ...sftp, host: '10.0.0.1', port: 2222 }],
  [
    [...login, 'key-path: /k/../id', 'key-passphrase: pp', 'agent: /s'],
    { SSH_AUTH_SOCK: '/agent' },
    { ...sftp, keyPath: '/id', keyPassphrase: 'pp', agent: '/s' },
  ],
  [login, { SSH_AUTH_SOCK: '/agent' }, { ...sftp, agent: '/agent' }],
  [login, { SSH_AUTH_SOCK: '' }, sftp],
  [[...login, 'host-key: ssh-ed25519 AAAA comment'], {}, { ...sftp, hostKey: 'ssh-ed25519 AAAA comment' }],
  [[...login, `host-key: SHA256:${'x'.repeat(43)}`], {}, { ...sftp, hostKey: `SHA256:${'x'.repeat(43)}` }],
  // s3: what is known of a service counts for `endpoint` too
  ...[
    ['s3.us-west-000.backblazeb2.com', 'us-west-000'],
    ['s3.filebase.com', 'us-east-1'],
    ['nyc3.digitaloceanspaces.com', 'nyc3'],
    ['s3.fr-par.scw.cloud', 'fr-par'],
    ['us-east-1.linodeobjects.com', 'us-east-1'],
    ['s3.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3.amazonaws.com', 'us-east-1'],
    ['0123abcd.r2.cloudflarestorage.com', 'auto'],
    ['0123abcd.eu.r2.cloudflarestorage.com', 'auto'],
    ['hel1.your-objectstorage.com', 'hel1'],
    ['s3.eu-central-1.wasabisys.com', 'eu-central-1'],
    ['s3.wasabisys.com', 'us-east-1'],
    ['ref.supabase.co/storage/v1/s3', 'us-east-1'],
    ['minio.example.com:9000', 'us-east-1'],
    ['b.nyc3.digitaloceanspaces.com', 'us-east-1'],
  ].map(([host, region]): [string[], Environment, object] => [
    ['url: s3://b', `endpoint: ${host}`],
    {},
    { ...s3, region, endpoint: `https://${host}`, forcePathStyle: true },
  ]),
  ...['', '/'].map((slash): [string[], Environment, object] => [
    ['url: s3://b', `endpoint: ref.storage.supabase.co${slash}`, 'region: eu-west-2'],
    {},
    {
      ...s3,
      region: 'eu-west-2',
      endpoint: 'https://ref.storage.supabase.co/storage/v1/s3',
      forcePathStyle: true,
    },
  ]),
  ...['url: s3://b.t3.storage.dev', 'url: s3://b?endpoint=t3.storage.dev&region=auto'].map(
    (url): [string[], Environment, object] => [
      [url],
      {},
      { ...s3, region: 'auto', endpoint: 'https://t3.storage.dev' },
    ],
  ),
  [
    ['url: s3://b.c.t3.storage.dev'],
    {},
    { ...s3, bucket: 'b.c', region: 'auto', endpoint: 'https://t3.storage.dev', forcePathStyle: true },
  ],
  [
    ['url: s3://b.t3.storage.dev?forcePathStyle=true'],
    {},
    { ...s3, region: 'auto', endpoint: 'https://t3.storage.dev', forcePathStyle: true },
  ],
  [
    ['url: s3://b.nyc3.digitaloceanspaces.com', 'endpoint: minio:9000'],
    {},
    { ...s3, region: 'nyc3', endpoint: 'https://minio:9000', forcePathStyle: true },
  ],
  // Keys win over the query.
  [
    ['url: s3://b?region=q&skipVerify=1&endpoint=q', 'region: r', 'skip-verify: false', 'endpoint: e'],
    {},
    { ...s3, region: 'r', endpoint: 'https://e', forcePathStyle: true },
  ],
  // s3
  [
    ['url: s3://b', 'access-key-id: I', 'secret-access-key: S', 'session-token: T', 'storage-class: STANDARD_IA'],
    {},
    { ...s3, accessKeyId: 'I', secretAccessKey: 'S', sessionToken: 'T', storageClass: 'STANDARD_IA' },
  ],
  [['url: s3://b', 'sse: AES256'], {}, { ...s3, encryption: { kind: 'AES256' } }],
  [['url: s3://b', 'sse: aws:kms'], {}, { ...s3, encryption: { kind: 'aws:kms', keyId: undefined } }],
  [['url: s3://b', 'sse-kms-key-id: k'], {}, { ...s3, encryption: { kind: 'aws:kms', keyId: 'k' } }],
  [['url: s3://b', `sse-customer-key: ${sseKey}`], {}, { ...s3, encryption: { kind: 'customer', keyBase64: sseKey } }],
]

for (const [lines, env, expected] of storages) {
  test(`Storage: ${lines.join(', ')}; ${JSON.stringify(env)}`, () => {
    assert.deepEqual(storageOf(lines, env), expected)
  })
}

test('sftp: known_hosts as it is given, ~ expanded', () => {
  const storage = resolveText(replicaText(...login, 'known-hosts: /etc/ssh/../hosts')).databases[0]?.replicas[0]
    ?.storage
  assert.ok(storage?.type === 'sftp')
  assert.equal(storage.knownHostsPath, '/etc/hosts')
})

/** Lines of a replica, variables, and the message behind the place of the first key of the last line, or of the replica. */
const refused: [string[], Environment, RegExp][] = [
  [['type: abs', 'account-name: a'], {}, /an abs replica needs bucket, or url$/],
  [['url: abs://c/p'], {}, /an abs replica needs account-name, or connection-string$/],
  [['url: abs://c/p', 'endpoint: h', 'account-key: a2V5'], {}, /needs account-name/],
  [[...account, 'account-key: hunter 2'], {}, /account-key: it is not the key of an account, which is base64$/],
  [account, { AZURE_STORAGE_KEY: 'hunter 2' }, /^AZURE_STORAGE_KEY: it is not the key of an account/],
  [[...account, 'account-key: a2V5', 'sas-token: hunter2'], {}, /sas-token and account-key are both set; drop one/],
  [
    [...account, 'account-key: a2V5', 'connection-string: hunter2'],
    {},
    /connection-string and account-key are both set; drop one/,
  ],
  [
    [...container, 'connection-string: hunter2'],
    {},
    /connection-string cannot be used: it is not of the form KEY=VALUE/,
  ],
  [[...container, 'connection-string: AccountKey=hunter2'], {}, /cannot be used: it has neither AccountName nor Blob/],
  [container, { AZURE_STORAGE_CONNECTION_STRING: 'hunter2' }, /AZURE_STORAGE_CONNECTION_STRING cannot be used: it is/],
  [
    ['type: abs', 'bucket: c', 'account-name: x', `connection-string: ${text}`],
    {},
    /account-name and the account of connection-string \("a"\) differ; drop one$/,
  ],
  [
    [...account, 'endpoint: "https://h/?sig=hunter2"'],
    {},
    /credentials do not belong here; set account-key, sas-token/,
  ],
  [[...account, 'endpoint: "ftp://h"'], {}, /"ftp:\/\/h" is not the URL of a service; write it like https/],
  [[...account, 'endpoint: "a b"'], {}, /"https:\/\/a b" is not the URL of a service/],
  [['type: gcs', 'path: p'], {}, /a gcs replica needs bucket, or url$/],
  [[...account, 'sas-token: "https://a/hunter2"'], {}, /sas-token: it is a URL without a token in its query$/],
  [
    ['url: gs://b', 'credentials: {"client_email": "e", "private_key": "hunter2"}'],
    {},
    /credentials: expected text; put JSON between single quotes, or on lines of its own behind "\|"$/,
  ],
  [['url: gs://b', 'credentials: /path/hunter2.json'], {}, /credentials: it is not the JSON text of a service account/],
  [['url: gs://b', 'credentials: \'{"client_email": 1}\''], {}, /credentials: it is not the JSON text/],
  [['url: gs://b', 'endpoint: "http://u:hunter2@h"'], {}, /endpoint: credentials do not belong here; set credentials$/],
  [['url: gs://b', 'bucket: c'], {}, /bucket: bucket and url are both set; drop one of them$/],
  [['type: sftp', 'user: u'], {}, /an sftp replica needs host, or url$/],
  [['type: sftp', 'host: h'], {}, /an sftp replica needs user$/],
  [['url: sftp://u@h', 'host: i'], {}, /host: host and url are both set; drop one of them$/],
  [['url: sftp://u@h', 'path: i'], {}, /path: path and url are both set; drop one of them$/],
  ...['h:', 'h:0', 'h:70000', 'h/p', '[::1', 'h:22:22'].map((host): [string[], Environment, RegExp] => [
    ['type: sftp', 'user: u', `host: "${host}"`],
    {},
    /is not a host; write/,
  ]),
  ...['"-----BEGIN hunter2"', '"hunter2\\nhunter2"', "'{hunter2'"].map((key): [string[], Environment, RegExp] => [
    [...login, `key-path: ${key}`],
    {},
    /key-path: this is not a path, it looks like the secret itself: put it into a file, and name that$/,
  ]),
  ...[sseKey, '"-----BEGIN hunter2"'].map((key): [string[], Environment, RegExp] => [
    ['url: s3://b', `sse-customer-key-path: ${key}`],
    {},
    /sse-customer-key-path: this is not a path, it looks like the secret itself/,
  ]),
  [['url: s3://b', 'sse-customer-key-path: /none'], {}, /sse-customer-key-path: \/none cannot be read \(ENOENT\)$/],
  [[...login, 'key-passphrase: hunter2'], {}, /key-passphrase is set without key-path$/],
  ...['sftp://u:hunter2@h:22', 'u:hunter2@h:22', 'u@h'].map((host): [string[], Environment, RegExp] => [
    ['type: sftp', 'user: u', `host: "${host}"`],
    {},
    /host: it has a user in it; set user and password, and write it like backup/,
  ]),
  [['type: sftp', 'host: h', 'user: "u:hunter2"'], {}, /user: a user has no ":"; a password goes into password$/],
  [['url: sftp://u%3Ahunter2@h/p'], {}, /a user has no ":"; a password goes into password$/],
  [[...login, 'host-key: "-----BEGIN KEY hunter2"'], {}, /host-key: it is not a host key; write/],
  [[...login, 'host-key: hunter2'], {}, /host-key: it is not a host key; write it like "ssh-ed25519 AAAA..."/],
  ...['"hunter2\\n"', '"hun\\r\\nter2"', 'hunter2\u00e9', '"hunter2\\t"'].flatMap(
    (secret): [string[], Environment, RegExp][] => [
      ...[
        ['access-key-id', 'secret-access-key: S', 'session-token: T'],
        ['secret-access-key', 'access-key-id: I', 'session-token: T'],
        ['session-token', 'access-key-id: I', 'secret-access-key: S'],
      ].map(([key, ...others]): [string[], Environment, RegExp] => [
        ['url: s3://b', ...others, `${key}: ${secret}`],
        {},
        new RegExp(`: ${key} has a line break, or a character that no credential has; paste it anew, on one line$`),
      ]),
      [[...account, `sas-token: ${secret}`], {}, /: sas-token has a line break, or a character that/],
    ],
  ),
  [['url: s3://b', 'session-token: hunter2'], {}, /session-token is set without access-key-id and secret-access-key/],
  [['url: s3://b', 'sse: AES-256'], {}, /"AES-256" is not AES256 or aws:kms; did you mean "AES256"\?$/],
  [['url: s3://b', 'sse: AES256', 'sse-kms-key-id: k'], {}, /sse-kms-key-id goes with sse: aws:kms, not with AES256$/],
  [
    ['url: s3://b', 'sse: AES256', `sse-customer-key: ${sseKey}`],
    {},
    /sse: sse and sse-customer-key exclude each other/,
  ],
  [['url: s3://b', 'sse-customer-key: hunter2'], {}, /sse-customer-key: it is not the base64 of 32 bytes$/],
]

for (const [lines, env, message] of refused) {
  test(`ERR_CONFIG: ${lines.join(', ')}; ${JSON.stringify(env)}`, () => {
    assert.throws(
      () => resolveText(replicaText(...lines), env),
      (error: Error & { code?: string }) =>
        error.code === 'ERR_CONFIG' &&
        message.test(error.message) &&
        !/hunter ?2/.test(error.message) &&
        !error.message.includes(sseKey),
    )
  })
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { isReplicaUrl, parseReplicaUrl, type ReplicaUrl, redactUrl } from '../../../entrypoint/config/replica-url.ts'

// File paths with odd characters were observed in the error messages of Litestream 0.3.13.
/** A URL, its type, and its parts. */
const urls: [string, ReplicaUrl['type'], Record<string, unknown>][] = [
  ['file:///var/rep', 'file', { path: '/var/rep' }],
  ['file:/var/rep', 'file', { path: '/var/rep' }],
  ['file://rel/path', 'file', { path: '/rel/path' }],
  ['file:rel/path', 'file', { path: 'rel/path' }],
  ['file:///', 'file', { path: '/' }],
  ['FILE:///a', 'file', { path: '/a' }],
  ['file:///a b', 'file', { path: '/a%20b' }],
  ['file:///a%20b', 'file', { path: '/a%20b' }],
  ['file:///a%20b c', 'file', { path: '/a%20b%20c' }],
  ['file:///a b!', 'file', { path: '/a%20b%21' }],
  ['file:///a%20b!', 'file', { path: '/a%20b!' }],
  ['file:///ä(1)', 'file', { path: '/%C3%A4%281%29' }],
  ["file:///a'b*,;=:@$&+~", 'file', { path: "/a'b*,;=:@$&+~" }],
  ["file:///a'b*,;=:@$&+~ ", 'file', { path: '/a%27b%2A,;=:@$&+~%20' }],
  ['file:///a[b]', 'file', { path: '/a[b]' }],
  ['file:///"b', 'file', { path: '/%22b' }],
  ['file:///a//b/../c/', 'file', { path: '/a/c' }],
  ['file:///a?x=1&y=2', 'file', { path: '/a?x=1&y=2' }],
  ['file:///a#b c', 'file', { path: '/a#b%20c' }],
  ['file:///~/x', 'file', { path: '/~/x' }],

  ['s3://bkt/a//b/', 's3', { bucket: 'bkt', path: 'a/b' }],
  ['S3://bkt/a', 's3', { bucket: 'bkt', path: 'a' }],
  ['s3://bkt', 's3', { bucket: 'bkt', path: '' }],
  ['s3://bkt/', 's3', { bucket: 'bkt', path: '' }],
  ['s3://bkt/a%20b/../c#y', 's3', { bucket: 'bkt', path: 'c' }],
  ['s3://id:secret@bkt/p', 's3', { bucket: 'bkt', path: 'p' }],
  ['s3://b.localhost:9000/p', 's3', { bucket: 'b', path: 'p', region: 'us-east-1', endpoint: 'http://localhost:9000' }],
  ['s3://b.localhost/p', 's3', { bucket: 'b', path: 'p', region: 'us-east-1', endpoint: 'http://localhost' }],
  [
    's3://b.c.s3.us-west-000.backblazeb2.com/p',
    's3',
    { bucket: 'b.c', path: 'p', region: 'us-west-000', endpoint: 'https://s3.us-west-000.backblazeb2.com' },
  ],
  ['s3://b.s3.filebase.com/p', 's3', { bucket: 'b', path: 'p', endpoint: 'https://s3.filebase.com' }],
  [
    's3://b.nyc3.digitaloceanspaces.com:8443/p',
    's3',
    { bucket: 'b', path: 'p', region: 'nyc3', endpoint: 'https://nyc3.digitaloceanspaces.com:8443' },
  ],
  [
    's3://b.s3.fr-par.scw.cloud/p',
    's3',
    { bucket: 'b', path: 'p', region: 'fr-par', endpoint: 'https://s3.fr-par.scw.cloud' },
  ],
  [
    's3://b.us-east-1.linodeobjects.com/p',
    's3',
    { bucket: 'b', path: 'p', region: 'us-east-1', endpoint: 'https://us-east-1.linodeobjects.com' },
  ],

  ['gcs://bkt/p/', 'gcs', { bucket: 'bkt', path: 'p' }],
  ['gs://bkt/p', 'gcs', { bucket: 'bkt', path: 'p' }],
  ['gcs://bkt:90/p', 'gcs', { bucket: 'bkt:90', path: 'p' }],
  ['abs://account@container/p', 'abs', { 'account-name': 'account', bucket: 'container', path: 'p' }],
  ['abs://account:pw@container/p', 'abs', { 'account-name': 'account', bucket: 'container', path: 'p' }],
  ['sftp://user:p%40w@host:2222/p//q/', 'sftp', { user: 'user', password: 'p@w', host: 'host:2222', path: '/p//q/' }],
  ['sftp://user@[::1]:2222/p', 'sftp', { user: 'user', host: '[::1]:2222', path: '/p' }],
  ['sftp://user@[::1]', 'sftp', { user: 'user', host: '[::1]', path: '' }],
  ['sftp://user@host', 'sftp', { user: 'user', host: 'host', path: '' }],

  // Services that Litestream 0.3.13 does not know by their hosts.
  ['s3://b.c.s3.amazonaws.com/p', 's3', { bucket: 'b.c', path: 'p' }],
  ['s3://b.s3.eu-west-1.amazonaws.com/p', 's3', { bucket: 'b', path: 'p', region: 'eu-west-1' }],
  ['s3://b.s3-us-west-2.amazonaws.com/p', 's3', { bucket: 'b', path: 'p', region: 'us-west-2' }],
  ['s3://b.s3.dualstack.us-gov-west-1.amazonaws.com', 's3', { bucket: 'b', path: '', region: 'us-gov-west-1' }],
  ['s3://b.s3.cn-north-1.amazonaws.com.cn/p', 's3', { bucket: 'b', path: 'p', region: 'cn-north-1' }],
  [
    's3://b.0123abcd.r2.cloudflarestorage.com/p',
    's3',
    { bucket: 'b', path: 'p', region: 'auto', endpoint: 'https://0123abcd.r2.cloudflarestorage.com' },
  ],
  [
    's3://b.0123abcd.eu.r2.cloudflarestorage.com/p',
    's3',
    { bucket: 'b', path: 'p', region: 'auto', endpoint: 'https://0123abcd.eu.r2.cloudflarestorage.com' },
  ],
  [
    's3://b.fly.storage.tigris.dev/p',
    's3',
    { bucket: 'b', path: 'p', region: 'auto', endpoint: 'https://fly.storage.tigris.dev' },
  ],
  ['s3://b.t3.storage.dev/p', 's3', { bucket: 'b', path: 'p', region: 'auto', endpoint: 'https://t3.storage.dev' }],
  [
    's3://b.fsn1.your-objectstorage.com/p',
    's3',
    { bucket: 'b', path: 'p', region: 'fsn1', endpoint: 'https://fsn1.your-objectstorage.com' },
  ],
  ['s3://b.ref.supabase.co/p', 's3', { bucket: 'b', path: 'p', endpoint: 'https://ref.supabase.co/storage/v1/s3' }],
  [
    's3://b.ref.storage.supabase.co:444/p',
    's3',
    { bucket: 'b', path: 'p', endpoint: 'https://ref.storage.supabase.co:444/storage/v1/s3' },
  ],
  [
    's3://b.s3.eu-central-1.wasabisys.com/p',
    's3',
    { bucket: 'b', path: 'p', region: 'eu-central-1', endpoint: 'https://s3.eu-central-1.wasabisys.com' },
  ],
  [
    's3://b.s3.wasabisys.com',
    's3',
    { bucket: 'b', path: '', region: 'us-east-1', endpoint: 'https://s3.wasabisys.com' },
  ],

  // Queries
  [
    's3://b/p?endpoint=minio.example.com:9000&region=r&forcePathStyle=false&skipVerify=1&storageClass=GLACIER_IR',
    's3',
    {
      bucket: 'b',
      path: 'p',
      endpoint: 'https://minio.example.com:9000',
      region: 'r',
      'force-path-style': false,
      'skip-verify': true,
      'storage-class': 'GLACIER_IR',
    },
  ],
  [
    's3://b/p?force-path-style=T&skip-verify=No&storage-class=&sseKmsKeyId=alias%2Fk&sse=aws:kms#f',
    's3',
    {
      bucket: 'b',
      path: 'p',
      'force-path-style': true,
      'skip-verify': false,
      'sse-kms-key-id': 'alias/k',
      sse: 'aws:kms',
    },
  ],
  ...['localhost:9000', '127.0.0.1', '10.1.2.3:9000', '192.168.0.1', '172.31.0.1', 'nas.local', 'x.localhost:1'].map(
    (host): (typeof urls)[number] => [
      `s3://b?endpoint=${host}`,
      's3',
      { bucket: 'b', path: '', endpoint: `http://${host}` },
    ],
  ),
  ...['172.32.0.1', 'minio:9000', 'localhost.example.com'].map((host): (typeof urls)[number] => [
    `s3://b?endpoint=${host}`,
    's3',
    { bucket: 'b', path: '', endpoint: `https://${host}` },
  ]),
  ['s3://b.localhost?endpoint=http://h', 's3', { bucket: 'b', path: '', region: 'us-east-1', endpoint: 'http://h' }],
  ['gs://b/p?endpoint=http://h:4443', 'gcs', { bucket: 'b', path: 'p', endpoint: 'http://h:4443' }],
  ['abs://c/p?endpoint=http://h/a', 'abs', { bucket: 'c', path: 'p', endpoint: 'http://h/a' }],
  [
    'sftp://u@h/p?keyPath=/k&known-hosts=/kh&hostKey=SHA256:x',
    'sftp',
    { user: 'u', host: 'h', path: '/p', 'key-path': '/k', 'known-hosts': '/kh', 'host-key': 'SHA256:x' },
  ],
]

for (const [url, type, parts] of urls) {
  test(`parseReplicaUrl: ${url}`, () => {
    const parsed = parseReplicaUrl(url)
    assert.ok(typeof parsed === 'object')
    const given = Object.entries(parsed.parts).filter(([, value]) => value !== undefined)
    assert.deepEqual([parsed.type, Object.fromEntries(given)], [type, parts])
  })
}

const refused: [string, RegExp][] = [
  ['/var/rep', /"\/var\/rep" is not a URL; write it like s3:/],
  ['s4://b/p', /is not a replica type; did you mean "s3"\?$/],
  ['https://b/p', /is not a replica type; the schemes are file, s3, gcs, abs, sftp$/],
  ['s3:///p', /names no bucket; write it like s3:\/\/BUCKET\/PATH$/],
  [
    's3://localhost:9000/bkt/db',
    /names no bucket; write it before the host, like s3:\/\/BUCKET\.localhost:9000\/PATH$/,
  ],
  ['s3://s3.fr-par.scw.cloud/p', /names no bucket/],
  ['s3://minio:9000/bkt/db', /port of a service that is not known; write it like s3:\/\/BUCKET\/PATH\?endpoint=/],
  ['s3://bkt:90x/p', /has a host that is not one$/],
  ['s3://b kt/p', /has a host that is not one$/],
  ['s3://s3.eu-west-1.amazonaws.com/bkt/p', /names no bucket; write it before the host/],
  ['s3://0123abcd.eu.r2.cloudflarestorage.com/p', /names no bucket/],
  ['s3://ref.storage.supabase.co/p', /names no bucket/],
  ['s3://b?regoin=x', /^"s3:\/\/b\?\*\*\*" has an option "regoin" that is not known; did you mean "region"\?$/],
  ['s3://b?forcePathStile=1', /has an option "forcePathStile" that is not known; did you mean "force-path-style"\?$/],
  ['gs://b?region=x', /has an option "region" that is not known; its options are endpoint$/],
  ['s3://b?bucket=x', /has an option "bucket" that is not known; its options are region, endpoint, force-path-style,/],
  ['s3://b?skipVerify=maybe', /has a wrong skipVerify: "maybe" is not true or false$/],
  ['s3://b?sse=AES', /has a wrong sse: "AES" is not AES256 or aws:kms$/],
  ...['accessKeyId', 'secret-access-key', 'sessionToken', 'sseCustomerKey'].map((name): [string, RegExp] => [
    `s3://b?${name}=hunter2`,
    /has a secret in its query, which others may see; set [a-z-]+ instead$/,
  ]),
  ['abs://a@c/p?sig=hunter2&sv=2020', /has a secret in its query, which others may see; set sas-token instead$/],
  ['s3://bkt/%zz', /"%" that is not followed by/],
  ['file://u:pw@c/x', /^"file:\/\/u:\*\*\*@c\/x" has a password, and a folder has none; write it like file:/],
  ...['12#3', 'a#b', 'a/b', 'a?b'].map((password): [string, RegExp] => [
    `sftp://u:${password}@h/p`,
    /^"sftp:\/\/u:\*\*\*@h\/p" seems to have a password with a .* as %2F, %23 and %3F, or set password$/,
  ]),
  ['file:///a%', /"%" that is not followed by/],
]

for (const [url, message] of refused) {
  test(`parseReplicaUrl refuses ${url}`, () => {
    const result = parseReplicaUrl(url)
    assert.equal(typeof result, 'string')
    assert.match(String(result), message)
  })
}

test('No message shows a password or a query of the URL', () => {
  for (const url of [
    's4://id:hunter2@bkt/p',
    's3://id:hunter2@b kt/p',
    's3://id:hunter/2@bkt/p',
    's3://bkt:90x/p?secret=hunter2',
    's3://bkt/p?secret=hunter2',
    's3://bkt/p?secret-access-key=hunter2',
    'ftp://user:hun@ter2@host/%zz',
    'u:hunter2@h/x',
    'u:hun/ter2@h',
    's3://hunter2@b kt/p',
    'file://u:hunter2@c/x',
    'sftp://u:hun/ter2@h/p',
    'sftp://u:12#hunter2@h/p',
  ]) {
    assert.doesNotMatch(String(parseReplicaUrl(url)), /hun|ter2/)
  }
  assert.equal(redactUrl('sftp://user:pw@host/p?q=1'), 'sftp://user:***@host/p?***')
  assert.equal(redactUrl('s3://bkt/p#hunter2'), 's3://bkt/p#***')
  assert.equal(redactUrl('u:pw@h/x'), 'u:***@h/x')
  assert.equal(redactUrl('s3://bkt/p:1/@x'), 's3://bkt/p:1/@x')
})

test('A path is told from a URL as Litestream does', () => {
  assert.ok(isReplicaUrl('s3://b') && isReplicaUrl('x_1://'))
  assert.ok(!isReplicaUrl('/a') && !isReplicaUrl('file:/a') && !isReplicaUrl('a-b://c') && !isReplicaUrl(' s3://b'))
})

test('A credential in a URL that has no use for it is a warning that does not show it', () => {
  for (const [url, keys] of [
    ['s3://id:hunter2@b/p', 'access-key-id and secret-access-key'],
    ['s3://hunter2@b/p', 'access-key-id and secret-access-key'],
    ['gs://id:hunter2@b/p', 'credentials'],
    ['abs://a:hunter2@c/p', 'account-key'],
    ['abs://a@c/p', undefined],
    ['sftp://u:hunter2@h/p', undefined],
    ['sftp://h:22/p@x', undefined],
    ['s3://b/p@x', undefined],
  ] as const) {
    const parsed = parseReplicaUrl(url)
    assert.ok(typeof parsed === 'object', String(parsed))
    const warning = `the credential in the URL is not used; set ${keys}`
    assert.deepEqual(parsed.warnings, keys === undefined ? [] : [warning], url)
  }
})

test('Options that mean nothing here are warnings', () => {
  const warningsOf = (url: string) => {
    const parsed = parseReplicaUrl(url)
    assert.ok(typeof parsed === 'object', String(parsed))
    return parsed.warnings.map((warning) => warning.split(' ')[0])
  }
  const names = [
    'signPayload',
    'require-content-md5',
    'partSize',
    'concurrency',
    'requireContentMD5',
    'sseCustomerKeyMD5',
  ]
  assert.deepEqual(warningsOf(`s3://b?region=r&${names.map((name) => `${name}=1`).join('&')}`), names)
  assert.deepEqual(warningsOf('sftp://u@h?concurrentWrites=true'), ['concurrentWrites'])
  assert.deepEqual(warningsOf('s3://b'), [])
})

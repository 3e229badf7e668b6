import assert from 'node:assert/strict'
import test from 'node:test'
import { isReplicaUrl, parseReplicaUrl, type ReplicaUrl, redactUrl } from '../../../entrypoint/config/replica-url.ts'

// File paths with odd characters were observed in the error messages of Litestream 0.3.13.
/** A URL, its type, and its parts. */
const urls: [string, ReplicaUrl['type'], Record<string, string>][] = [
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
  ['s3://bkt/a%20b/../c?region=x#y', 's3', { bucket: 'bkt', path: 'c' }],
  ['s3://id:secret@bkt/p', 's3', { bucket: 'bkt', path: 'p' }],
  ['s3://x.s3.amazonaws.com/p', 's3', { bucket: 'x.s3.amazonaws.com', path: 'p' }],
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
  ['s3://minio:9000/bkt/db', /port of a service that is not known; set bucket, path and endpoint/],
  ['s3://bkt:90x/p', /has a host that is not one$/],
  ['s3://b kt/p', /has a host that is not one$/],
  ['s3://bkt/%zz', /"%" that is not followed by/],
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
    'ftp://user:hun@ter2@host/%zz',
  ]) {
    assert.doesNotMatch(String(parseReplicaUrl(url)), /hun|ter2/)
  }
  assert.equal(redactUrl('sftp://user:pw@host/p?q=1'), 'sftp://user:***@host/p?***')
  assert.equal(redactUrl('s3://bkt/p:1/@x'), 's3://bkt/p:1/@x')
})

test('A path is told from a URL as Litestream does', () => {
  assert.ok(isReplicaUrl('s3://b') && isReplicaUrl('x_1://'))
  assert.ok(!isReplicaUrl('/a') && !isReplicaUrl('file:/a') && !isReplicaUrl('a-b://c') && !isReplicaUrl(' s3://b'))
})

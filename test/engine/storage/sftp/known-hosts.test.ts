import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hasCode } from '../../../../engine/errors.ts'
import { describeKey, fromKnownHosts, hostKeyError, parseHostKey } from '../../../../engine/storage/sftp/host-key.ts'
import { decodeKey, entriesFor, parseKnownHosts } from '../../../../engine/storage/sftp/known-hosts.ts'

// Made by ssh-keygen, as are the fingerprints.
const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAQUfbehcKBapmVze+qFu9O/vQuF6+K+geZP3+v9cm7Z'
const ECDSA =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBPxdHUPvHqQQ584A8dJ42HUtaRTP3nwe+QqtT/GXRsNTyWwc525JUvU4gTweomcjvB/J1uZx8jMoUhbLRLJAmo='
const ED25519_PRINT = 'SHA256:tcL56mGvkTEyVtT9flPfwJSoKtvboQXkf/EAZ8sGYKg'
const ECDSA_PRINT = 'SHA256:R6AUhxgD9Jx75oY9A+EAoE/yOaJ4QaUg+HP+8ivUMo0'

/** By `ssh-keygen -H`: backup.example.com, and the same on port 2222. */
const HASHED = '|1|cYhdLXS76+abLA/GFqdfiGunslA=|/r/+fREAxkPHsCnBfVtzo7BobWs='
const HASHED_PORT = '|1|eYTJQJadKDl1j/q1aQuL4yIaldM=|568prjaTVzFL6j5dC/v83QlFank='

const HOST = 'backup.example.com'

function keyOf(line: string): Buffer {
  const [type = '', base64 = ''] = line.split(' ')
  const key = decodeKey(type, base64)
  assert(key)
  return key
}

const hosts: [hosts: string, host: string, port: number, matches: boolean][] = [
  [HOST, HOST, 22, true],
  [HOST, 'Backup.Example.COM', 22, true],
  ['BACKUP.example.com', HOST, 22, true],
  [HOST, 'ackup.example.com', 22, false],
  [HOST, HOST, 2222, false],
  [`[${HOST}]:2222`, HOST, 2222, true],
  [`[${HOST}]:2222`, HOST, 22, false],
  [`[${HOST}]:2222`, HOST, 222, false],
  [`other,${HOST},10.0.0.1`, HOST, 22, true],
  [`other,${HOST},10.0.0.1`, '10.0.0.1', 22, true],
  [`other,${HOST},10.0.0.1`, '10.0.0.2', 22, false],
  ['*.example.com', HOST, 22, true],
  ['*.example.com', 'example.com', 22, false],
  ['backupXexample.com', HOST, 22, false],
  ['backup.example.com', 'backupxexample.com', 22, false],
  ['10.0.0.?', '10.0.0.7', 22, true],
  ['10.0.0.?', '10.0.0.77', 22, false],
  ['*.example.com,!backup.example.com', HOST, 22, false],
  ['*.example.com,!backup.example.com', 'other.example.com', 22, true],
  ['!backup.example.com', 'other.example.com', 22, false],
  ['[*.example.com]:2222', HOST, 2222, true],
  ['*', HOST, 2222, true],
  ['2001:db8::1', '2001:db8::1', 22, true],
  ['[2001:db8::1]:2222', '2001:db8::1', 2222, true],
  [HASHED, HOST, 22, true],
  [HASHED, 'Backup.example.com', 22, true],
  [HASHED, HOST, 2222, false],
  [HASHED, 'other.example.com', 22, false],
  [HASHED_PORT, HOST, 2222, true],
  [HASHED_PORT, HOST, 22, false],
  [HASHED.replace('|1|', '|2|'), HOST, 22, false],
  ['|1|x', HOST, 22, false],
]

for (const [pattern, host, port, expected] of hosts) {
  test(`known_hosts: "${pattern}" ${expected ? 'is' : 'is not'} ${host} on port ${port}`, () => {
    const found = entriesFor(parseKnownHosts(`${pattern} ${ED25519}`), host, port)
    assert.equal(found.length, expected ? 1 : 0)
  })
}

test('known_hosts: lines that are no entry are passed over, and the others keep their numbers', () => {
  const lines = [
    '# a comment',
    '',
    `  # ${HOST} ${ED25519}`,
    HOST,
    `${HOST} ssh-ed25519`,
    `${HOST} ssh-ed25519 not*base64`,
    `${HOST} ssh-rsa ${ED25519.split(' ')[1]}`,
    `@unknown ${HOST} ${ED25519}`,
    `${HOST} ssh-ed25519 AAAA`,
    `\t${HOST}\t${ED25519}  a comment at its end\r`,
    `@revoked ${HOST} ${ECDSA}`,
    `@cert-authority *.example.com ${ECDSA}`,
  ]
  assert.deepEqual(
    parseKnownHosts(lines.join('\n')).map(({ line, marker, type }) => [line, marker, type]),
    [
      [10, undefined, 'ssh-ed25519'],
      [11, '@revoked', 'ecdsa-sha2-nistp256'],
      [12, '@cert-authority', 'ecdsa-sha2-nistp256'],
    ],
  )
})

describe('known_hosts: the verdict on a key', () => {
  const cases: [name: string, text: string, port: number, ed25519: string, ecdsa: string][] = [
    ['no entry', `other ${ED25519}`, 22, 'unknown', 'unknown'],
    ['one key', `${HOST} ${ED25519}`, 22, 'trusted', 'wrong'],
    ['two keys', `${HOST} ${ED25519}\n${HASHED} ${ECDSA}`, 22, 'trusted', 'trusted'],
    ['the port has an own key', `${HOST} ${ED25519}\n[${HOST}]:2222 ${ECDSA}`, 2222, 'wrong', 'trusted'],
    ['only the plain name has a key', `${HOST} ${ED25519}`, 2222, 'trusted', 'unknown'],
    ['revoked', `@revoked * ${ED25519}\n${HOST} ${ED25519}\n${HOST} ${ECDSA}`, 22, 'revoked', 'trusted'],
    ['revoked for the plain name', `@revoked ${HOST} ${ED25519}\n[${HOST}]:2222 ${ED25519}`, 2222, 'revoked', 'wrong'],
    ['an authority is no key', `@cert-authority ${HOST} ${ED25519}`, 22, 'unknown', 'unknown'],
  ]
  for (const [name, text, port, ed25519, ecdsa] of cases) {
    test(name, () => {
      const { judge } = fromKnownHosts(parseKnownHosts(text), '/known', HOST, port)
      assert.deepEqual([judge(keyOf(ED25519)), judge(keyOf(ECDSA))], [ed25519, ecdsa])
    })
  }

  test('the server is asked first for the types that are known', () => {
    const types = (text: string, port: number) => fromKnownHosts(parseKnownHosts(text), '/known', HOST, port).types
    assert.deepEqual(types(`${HOST} ${ECDSA}\n${HOST} ${ECDSA}\nother ${ED25519}`, 22), ['ecdsa-sha2-nistp256'])
    assert.deepEqual(types(`${HOST} ${ECDSA}`, 2222), ['ecdsa-sha2-nistp256'])
    assert.deepEqual(types(`@revoked ${HOST} ${ECDSA}`, 22), [])
  })
})

test('a host key is given as a line or as a fingerprint', () => {
  assert.equal(describeKey(keyOf(ED25519)), `ssh-ed25519 ${ED25519_PRINT}`)
  for (const text of [ED25519, `  ${ED25519}  root@backup\n`, ED25519_PRINT, `${ED25519_PRINT}=`]) {
    const { judge } = parseHostKey(text)
    assert.deepEqual([judge(keyOf(ED25519)), judge(keyOf(ECDSA))], ['trusted', 'wrong'], text)
  }
  const { judge } = parseHostKey(ECDSA_PRINT)
  assert.deepEqual([judge(keyOf(ED25519)), judge(keyOf(ECDSA))], ['wrong', 'trusted'])
})

const unreadable = [
  '',
  'ssh-ed25519',
  ED25519.split(' ')[1] ?? '',
  `${HOST} ${ED25519}`,
  ED25519.replace('ssh-ed25519', 'ssh-rsa'),
  ED25519_PRINT.slice(0, -1),
  `MD5:${'00:'.repeat(15)}00`,
]
for (const text of unreadable) {
  test(`"${text}" is no host key`, () => {
    assert.throws(
      () => parseHostKey(text),
      (error) => hasCode(error, 'ERR_CONFIG') && /TYPE BASE64/.test(error.message),
    )
  })
}

test('a refused host key is told with what was seen, what was expected and where that stands', () => {
  const known = fromKnownHosts(parseKnownHosts(`\n${HOST} ${ED25519}`), '/known', HOST, 22)
  const refused = hostKeyError(`u@${HOST}:22`, keyOf(ECDSA), known)
  assert.equal(refused.code, 'ERR_STORAGE_DENIED')
  assert.equal(
    refused.message,
    `The host key of u@${HOST}:22 is ecdsa-sha2-nistp256 ${ECDSA_PRINT}, but /known expects ssh-ed25519 ${ED25519_PRINT} ` +
      '(line 2): correct /known if the server has a new key, otherwise somebody may be between this machine and the server',
  )
  const revoked = fromKnownHosts(parseKnownHosts(`@revoked * ${ECDSA}`), '/known', HOST, 22)
  assert.match(hostKeyError('u@h:22', keyOf(ECDSA), revoked).message, /, which is revoked in \/known: /)
})

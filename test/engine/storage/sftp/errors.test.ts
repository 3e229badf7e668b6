import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, hasCode, WherryError } from '../../../../engine/errors.ts'
import {
  connectError,
  type Phase,
  SessionLost,
  type SftpRequest,
  sftpError,
} from '../../../../engine/storage/sftp/errors.ts'
import { keyProblem, prepareLogin } from '../../../../engine/storage/sftp/login.ts'

const SERVER = 'u@h:22'

/** As ssh2 gives a server's answer. */
function status(code: number): Error {
  return Object.assign(new Error('what the server wrote'), { code })
}

const requests: [Error, SftpRequest['action'], ErrorCode, RegExp][] = [
  [status(2), 'read', 'ERR_OBJECT_NOT_FOUND', /^a\/b on u@h:22 does not exist$/],
  [
    status(2),
    'write',
    'ERR_STORAGE_DENIED',
    /^u@h:22 refused the write of a\/b \(status 2, no such file\): a part of the path is missing/,
  ],
  [
    status(3),
    'write',
    'ERR_STORAGE_DENIED',
    /^u@h:22 refused the write of a\/b \(status 3, permission denied\): give the user "u" the right to write there/,
  ],
  [status(3), 'removal', 'ERR_STORAGE_DENIED', /the right to remove there/],
  [status(3), 'list', 'ERR_STORAGE_DENIED', /the right to list there/],
  [status(4), 'write', 'ERR_STORAGE_DENIED', /\(status 4, failure\): its disk may be full/],
  [status(4), 'read', 'ERR_STORAGE_DENIED', /\(status 4, failure\): look into the server's log$/],
  [status(8), 'write', 'ERR_STORAGE_DENIED', /\(status 8, operation unsupported\)/],
  [status(14), 'write', 'ERR_STORAGE_DENIED', /\(status 14, no space on the file system\)/],
  [status(99), 'write', 'ERR_STORAGE_DENIED', /\(status 99, unknown\)/],
  [
    new SessionLost('no answer for 30 s'),
    'list',
    'ERR_STORAGE_UNREACHABLE',
    /^u@h:22 did not serve the list of a\/b \(no answer for 30 s\): check the server and the network$/,
  ],
]

for (const [error, action, code, message] of requests) {
  test(`${action} and ${error.message} ${(error as { code?: number }).code ?? ''} is ${code}`, () => {
    const mapped = sftpError(error, { action, path: 'a/b', server: SERVER })
    assert(hasCode(mapped, code))
    assert.match(mapped.message, message)
    assert.doesNotMatch(mapped.message, /what the server wrote/)
    assert.equal(mapped.cause, error)
  })
}

test('a failure after the signal was aborted is ERR_CANCELLED; what is no failure of the request passes unchanged', () => {
  const request: SftpRequest = { action: 'write', path: 'a/b', server: SERVER }
  const cancelled = sftpError(new SessionLost('it was closed'), request, AbortSignal.abort('why'))
  assert(hasCode(cancelled, 'ERR_CANCELLED'))
  assert.equal(cancelled.message, 'The write of a/b on u@h:22 was cancelled')
  const ours = new WherryError('ERR_CONFIG', 'x')
  const bodys = new Error('the database is malformed')
  for (const error of [ours, bodys]) assert.equal(sftpError(error, request, AbortSignal.abort()), error)
})

function failure(message: string, fields: { level?: string; code?: string | number }): Error {
  return Object.assign(new Error(message), fields)
}

const offered = ['key file /k', 'password']
const connects: [Error, Phase, ErrorCode, RegExp][] = [
  [
    failure('connect ECONNREFUSED', { code: 'ECONNREFUSED' }),
    'connect',
    'ERR_STORAGE_UNREACHABLE',
    /^Cannot connect to u@h:22 \(ECONNREFUSED\): check host, port and the network$/,
  ],
  [failure('getaddrinfo', { code: 'ENOTFOUND' }), 'connect', 'ERR_STORAGE_UNREACHABLE', /\(ENOTFOUND\)/],
  [new SessionLost('no answer within 20 s'), 'handshake', 'ERR_STORAGE_UNREACHABLE', /\(no answer within 20 s\)/],
  [
    failure('Connection lost before handshake', { level: 'protocol' }),
    'handshake',
    'ERR_STORAGE_UNREACHABLE',
    /\(the connection ended in the handshake\)/,
  ],
  [
    failure('Handshake failed: no matching host key format', { level: 'handshake' }),
    'handshake',
    'ERR_STORAGE_UNREACHABLE',
    /\(no matching host key format\): update the server's SSH$/,
  ],
  [
    failure('All configured authentication methods failed', { level: 'client-authentication' }),
    'login',
    'ERR_STORAGE_DENIED',
    /^Cannot connect to u@h:22: the server refused the login with key file \/k, password, check the user and these$/,
  ],
  [failure('what the server wrote', { code: 2 }), 'login', 'ERR_STORAGE_DENIED', /refused the login/],
  [failure('read ECONNRESET', { code: 'ECONNRESET' }), 'login', 'ERR_STORAGE_UNREACHABLE', /\(ECONNRESET\)/],
  [
    failure('sftp: Unable to start subsystem: sftp', { code: 'ERR_GENERIC_CLIENT' }),
    'subsystem',
    'ERR_STORAGE_DENIED',
    /has no SFTP for this user/,
  ],
  [
    failure('getConnection: Unexpected close event', { code: 'ERR_GENERIC_CLIENT' }),
    'subsystem',
    'ERR_STORAGE_UNREACHABLE',
    /\(the connection ended in the subsystem\)/,
  ],
]

for (const [error, phase, code, message] of connects) {
  test(`${error.message} in the phase ${phase} is ${code}`, () => {
    const mapped = connectError(error, { server: SERVER, phase, offered })
    assert.equal(mapped.code, code)
    assert.match(mapped.message, message)
    assert.doesNotMatch(mapped.message, /what the server wrote/)
  })
}

test('without anything to offer the advice is to set something', () => {
  const refused = failure('All configured authentication methods failed', { level: 'client-authentication' })
  const { message } = connectError(refused, { server: SERVER, phase: 'login', offered: [] })
  assert.match(message, /wants a login, set a password, a key file or an agent$/)
})

test('what is no problem of the key file is not told as one', () => {
  assert.equal(keyProblem(failure('bad passphrase', {}), undefined), undefined)
  assert.equal(keyProblem(failure('connect ECONNREFUSED', {}), '/k'), undefined)
})

test('a key that stands where the path of its file should is not told', async () => {
  const unset = { password: undefined, keyPassphrase: undefined, agent: undefined, hostKey: undefined }
  const place = { type: 'sftp', host: 'h', port: 22, user: 'u', path: '', knownHostsPath: undefined } as const
  const options = { ...place, ...unset, keyPath: '-----BEGIN hunter2' }
  await assert.rejects(
    prepareLogin(options),
    ({ code, message }: Error & { code?: string }) =>
      code === 'ERR_STORAGE_LOCAL' && /looks like the secret itself/.test(message) && !message.includes('hunter2'),
  )
})

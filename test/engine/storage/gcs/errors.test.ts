import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '../../../../engine/errors.ts'
import { answerError, answerOf, gcsError } from '../../../../engine/storage/gcs/errors.ts'
import { signInError } from '../../../../engine/storage/gcs/sign-in-error.ts'

const request = { verb: 'LIST', bucket: 'bucket', key: 'a/', service: 'Google' }

/** An error body of the JSON API. */
function refusal(reason: string, message = 'what the service wrote'): string {
  return JSON.stringify({ error: { code: 400, message, errors: [{ reason, message }] } })
}

const answers: [number, string, string, ErrorCode, RegExp][] = [
  [404, 'No such object: bucket/a/', 'GET', 'ERR_OBJECT_NOT_FOUND', /^gcs:\/\/bucket\/a\/ does not exist$/],
  [404, refusal('notFound'), 'DELETE', 'ERR_OBJECT_NOT_FOUND', /^gcs:\/\/bucket\/a\/ does not exist$/],
  [
    404,
    refusal('notFound', 'The specified bucket does not exist.'),
    'GET',
    'ERR_STORAGE_NO_BUCKET',
    /^There is no bucket "bucket" at Google for GET of gcs:\/\/bucket\/a\/ \(404 no such bucket\): create it/,
  ],
  [404, refusal('notFound', 'The specified bucket does not exist.'), 'DELETE', 'ERR_STORAGE_NO_BUCKET', /"bucket"/],
  [404, refusal('notFound'), 'LIST', 'ERR_STORAGE_NO_BUCKET', /"bucket" at Google .*\(404 notFound\)/],
  [404, refusal('notFound'), 'PUT', 'ERR_STORAGE_NO_BUCKET', /\(404 notFound\)/],
  [404, '<!doctype html><p>lost', 'GET', 'ERR_STORAGE_UNREACHABLE', /404 not a Cloud Storage answer/],
  [401, refusal('authError'), 'PUT', 'ERR_STORAGE_DENIED', /\(401 authError\): check the credentials and the clock/],
  [401, 'Unauthorized', 'PUT', 'ERR_STORAGE_DENIED', /\(401 Unauthorized\)/],
  [
    403,
    refusal('forbidden'),
    'PUT',
    'ERR_STORAGE_DENIED',
    /^Google refused PUT of gcs:\/\/bucket\/a\/ \(403 forbidden\): the account needs storage\.objects\.create, and /,
  ],
  [403, refusal('forbidden'), 'GET', 'ERR_STORAGE_DENIED', /the account needs storage\.objects\.get$/],
  [403, refusal('forbidden'), 'LIST', 'ERR_STORAGE_DENIED', /the account needs storage\.objects\.list$/],
  [403, refusal('forbidden'), 'DELETE', 'ERR_STORAGE_DENIED', /the account needs storage\.objects\.delete$/],
  [403, refusal('retentionPolicyNotMet'), 'DELETE', 'ERR_STORAGE_DENIED', /retention policy forbids it$/],
  [403, refusal('rateLimitExceeded'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /403 rateLimitExceeded/],
  [403, '', 'PUT', 'ERR_STORAGE_DENIED', /\(403 Forbidden\)/],
  [400, refusal('invalid'), 'LIST', 'ERR_STORAGE_DENIED', /\(400 invalid\): check the credentials, the bucket and/],
  [
    301,
    '',
    'LIST',
    'ERR_STORAGE_DENIED',
    /\(301 Moved Permanently\): check the credentials, the bucket and the endpoint/,
  ],
  [408, '', 'PUT', 'ERR_STORAGE_UNREACHABLE', /408 Request Timeout/],
  [410, '', 'PUT', 'ERR_STORAGE_UNREACHABLE', /410 Gone/],
  [429, refusal('rateLimitExceeded'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /429 rateLimitExceeded/],
  [500, refusal('backendError'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /500 backendError/],
  [503, refusal('a secret "word"'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /\(503 Service Unavailable\)/],
  [299, '', 'PUT', 'ERR_STORAGE_UNREACHABLE', /\(299 Unknown\)/],
]

for (const [status, body, verb, code, message] of answers) {
  test(`${verb}: ${status} ${body.slice(0, 80)} is ${code}`, () => {
    const found = answerError(answerOf(status, body), { ...request, verb })
    assert.equal(found.code, code)
    assert.match(found.message, message)
    assert.doesNotMatch(found.message, /what the service wrote|secret/)
  })
}

function broken(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1`), { code })
}

test('a broken connection is ERR_STORAGE_UNREACHABLE by its code', () => {
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ERR_TOO_LARGE']) {
    const found = gcsError(broken(code), request)
    assert.equal(found.code, 'ERR_STORAGE_UNREACHABLE')
    assert.equal(
      found.message,
      `Google did not serve LIST of gcs://bucket/a/ (${code}): check the endpoint and the network`,
    )
  }
})

test('whatever fails after an abort is ERR_CANCELLED', () => {
  const found = gcsError(broken('ECONNRESET'), request, AbortSignal.abort('the reason'))
  assert.equal(found.code, 'ERR_CANCELLED')
  assert.equal(found.cause, 'the reason')
})

/** What the SDK throws when the token endpoint refuses. */
function tokenRefusal(status: number, data: unknown): Error {
  return Object.assign(new Error('assertion=a-secret'), { response: { status, data } })
}

const signIns: [Error, Parameters<typeof signInError>[1], ErrorCode, RegExp][] = [
  [
    tokenRefusal(400, { error: 'invalid_grant', error_description: 'a-secret' }),
    'configuration',
    'ERR_STORAGE_DENIED',
    /^Google refused the credentials for LIST of gcs:\/\/bucket\/a\/ \(400 invalid_grant\): .* clock of this machine$/,
  ],
  [tokenRefusal(401, { error: 'a-secret: "word"' }), 'file', 'ERR_STORAGE_DENIED', /\(401 refused\)/],
  [tokenRefusal(403, '<html>a-secret'), 'file', 'ERR_STORAGE_DENIED', /\(403 refused\)/],
  [tokenRefusal(503, ''), 'file', 'ERR_STORAGE_UNREACHABLE', /^Google gave no token for .* \(503 refused\)/],
  [broken('ENOTFOUND'), 'configuration', 'ERR_STORAGE_UNREACHABLE', /\(ENOTFOUND\): check the network/],
  [broken('ETIMEDOUT'), 'file', 'ERR_STORAGE_UNREACHABLE', /\(ETIMEDOUT\)/],
  [new Error('wrapped', { cause: broken('ECONNRESET') }), 'file', 'ERR_STORAGE_UNREACHABLE', /\(ECONNRESET\)/],
  [
    broken('ENOENT'),
    'file',
    'ERR_STORAGE_DENIED',
    /^The credentials file of .* cannot be used .*\(ENOENT\): check that it/,
  ],
  [new SyntaxError('Unexpected token: a-secret'), 'file', 'ERR_STORAGE_DENIED', /\(SyntaxError\)/],
  [new Error('no a-secret'), 'configuration', 'ERR_STORAGE_DENIED', /^The configured credentials cannot be used/],
  [broken('EHOSTUNREACH'), 'machine', 'ERR_STORAGE_DENIED', /^No credentials were found .*\(EHOSTUNREACH from the met/],
  [tokenRefusal(404, ''), 'machine', 'ERR_STORAGE_DENIED', /^No credentials were found .*\(404 refused from/],
]

for (const [error, source, code, message] of signIns) {
  test(`no token from ${source}: ${message.source} is ${code}`, () => {
    const found = signInError(error, source, request)
    assert.equal(found.code, code)
    assert.match(found.message, message)
    assert.doesNotMatch(found.message, /a-secret/)
    assert.equal(found.cause, undefined)
  })
}

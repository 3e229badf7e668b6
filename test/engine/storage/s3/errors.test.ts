import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '../../../../engine/errors.ts'
import { s3Error } from '../../../../engine/storage/s3/errors.ts'

const request = { verb: 'LIST', bucket: 'bucket', key: 'a/', service: 'https://s3.example' }

/** What a service may have been sent, and what has the form of it. */
const SECRET = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY'

function answer(status: number | undefined, name: string): Error {
  return Object.assign(new Error('what the service wrote'), { name, $metadata: { httpStatusCode: status } })
}

/** With the header that tells where the bucket is. */
function at(region: string, status: number, name: string): Error {
  return Object.assign(answer(status, name), { $response: { headers: { 'x-amz-bucket-region': region } } })
}

function broken(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1`), { code })
}

const cases: [Error, string, ErrorCode, RegExp][] = [
  [answer(404, 'NoSuchKey'), 'GET', 'ERR_OBJECT_NOT_FOUND', /^s3:\/\/bucket\/a\/ does not exist$/],
  [answer(404, 'NotFound'), 'GET', 'ERR_OBJECT_NOT_FOUND', /^s3:\/\/bucket\/a\/ does not exist$/],
  [answer(404, 'NoSuchBucket'), 'GET', 'ERR_STORAGE_NO_BUCKET', /"bucket" at https:\/\/s3\.example/],
  [answer(404, 'NotFound'), 'LIST', 'ERR_STORAGE_NO_BUCKET', /404 NotFound/],
  [answer(404, 'NoSuchUser'), 'LIST', 'ERR_STORAGE_DENIED', /check the access key, the bucket and the endpoint/],
  [answer(404, 'Error'), 'GET', 'ERR_STORAGE_UNREACHABLE', /404 not an S3 answer/],
  ...[SECRET, 'AKIAIOSFODNN7EXAMPLE', 'a'.repeat(61), 'secret', 'Two words', 'x/y=='].map(
    (code): [Error, string, ErrorCode, RegExp] => [
      answer(403, code),
      'PUT',
      'ERR_STORAGE_DENIED',
      /^S3 refused PUT of s3:\/\/bucket\/a\/ \(403 with an unknown code\): check the access key and its policy$/,
    ],
  ),
  [
    Object.assign(answer(403, 'AccessDenied'), { code: SECRET }),
    'PUT',
    'ERR_STORAGE_DENIED',
    /\(403 with an unknown code\)/,
  ],
  [answer(404, SECRET), 'GET', 'ERR_STORAGE_DENIED', /\(404 with an unknown code\)/],
  [answer(500, SECRET), 'GET', 'ERR_STORAGE_UNREACHABLE', /\(500 with an unknown code\)/],
  ...['XAmzContentSHA256Mismatch', 'KMS.DisabledException', 'ServerSideEncryptionConfigurationNotFoundError'].map(
    (code): [Error, string, ErrorCode, RegExp] => [
      answer(400, code),
      'PUT',
      'ERR_STORAGE_DENIED',
      new RegExp(`\\(400 ${code.replace('.', '[.]')}\\)`),
    ],
  ),
  [answer(404, 'NoSuchUpload'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /NoSuchUpload/],
  [
    answer(403, 'AccessDenied'),
    'PUT',
    'ERR_STORAGE_DENIED',
    /^S3 refused PUT of s3:\/\/bucket\/a\/ \(403 AccessDenied\): check the access key and its policy$/,
  ],
  [answer(403, 'InvalidAccessKeyId'), 'PUT', 'ERR_STORAGE_DENIED', /check the access key/],
  [answer(403, 'SignatureDoesNotMatch'), 'PUT', 'ERR_STORAGE_DENIED', /check the access key/],
  [answer(401, 'Unauthorized'), 'PUT', 'ERR_STORAGE_DENIED', /check the access key/],
  [answer(400, 'ExpiredToken'), 'PUT', 'ERR_STORAGE_DENIED', /renew the session token/],
  [answer(403, 'RequestTimeTooSkewed'), 'PUT', 'ERR_STORAGE_DENIED', /set the clock/],
  [
    answer(400, 'AuthorizationHeaderMalformed'),
    'PUT',
    'ERR_STORAGE_DENIED',
    /set the bucket's region, or its endpoint$/,
  ],
  [answer(301, 'Unknown'), 'PUT', 'ERR_STORAGE_DENIED', /set the bucket's region, or its endpoint$/],
  [
    answer(500, 'InternalError'),
    'PUT',
    'ERR_STORAGE_UNREACHABLE',
    /500 InternalError\): it is tried again; if it stays, look at the service$/,
  ],
  [
    answer(503, 'SlowDown'),
    'PUT',
    'ERR_STORAGE_UNREACHABLE',
    /503 SlowDown\): it is tried again more slowly; .*raise sync-interval/,
  ],
  [
    answer(429, 'TooManyRequests'),
    'PUT',
    'ERR_STORAGE_UNREACHABLE',
    /429 TooManyRequests\): it is tried again more slowly/,
  ],
  [answer(429, 'Unknown'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /it is tried again more slowly/],
  [answer(507, 'XMinioStorageFull'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /make room there$/],
  [answer(403, 'InvalidObjectState'), 'GET', 'ERR_STORAGE_DENIED', /it is archived: make it readable/],
  [answer(403, 'InvalidTokenId'), 'GET', 'ERR_STORAGE_DENIED', /renew the session token$/],
  [at('eu-west-1', 301, 'PermanentRedirect'), 'PUT', 'ERR_STORAGE_DENIED', /set region to eu-west-1$/],
  [
    at('a secret: x', 301, 'PermanentRedirect'),
    'PUT',
    'ERR_STORAGE_DENIED',
    /set the bucket's region, or its endpoint$/,
  ],
  [answer(307, 'TemporaryRedirect'), 'PUT', 'ERR_STORAGE_DENIED', /set the bucket's region, or its endpoint$/],
  [answer(400, 'RequestTimeout'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /RequestTimeout/],
  [answer(undefined, 'TimeoutError'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /TimeoutError/],
  [broken('ECONNREFUSED'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /^https:\/\/s3\.example did not serve PUT .*ECONNREFUSED/],
  [broken('ENOTFOUND'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /ENOTFOUND/],
  [
    broken('DEPTH_ZERO_SELF_SIGNED_CERT'),
    'PUT',
    'ERR_STORAGE_UNREACHABLE',
    /NODE_EXTRA_CA_CERTS=FILE, or set skip-verify/,
  ],
  [broken('CERT_HAS_EXPIRED'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /has expired: renew it/],
  [broken('ERR_TLS_CERT_ALTNAME_INVALID'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /for another name: correct the endpoint/],
  [broken('EPROTO'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /is the endpoint http rather than https/],
  [broken('EPIPE'), 'PUT', 'ERR_STORAGE_UNREACHABLE', /EPIPE/],
]

for (const [error, verb, code, message] of cases) {
  const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {}
  test(`${verb}: ${httpStatusCode ?? ''} ${error.name} is ${code}`, () => {
    const found = s3Error(error, { ...request, verb })
    assert.equal(found.code, code)
    assert.match(found.message, message)
    assert.doesNotMatch(found.message, /what the service wrote/)
    assert.equal(found.cause, error)
  })
}

test('whatever fails after an abort is ERR_CANCELLED', () => {
  const found = s3Error(broken('ECONNRESET'), request, AbortSignal.abort('the reason'))
  assert.equal(found.code, 'ERR_CANCELLED')
  assert.equal(found.cause, 'the reason')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { ErrorCode } from '../../../../engine/errors.ts'
import { type AccessFacts, factsOf } from '../../../../engine/storage/abs/advice.ts'
import { type AbsRequest, absError } from '../../../../engine/storage/abs/errors.ts'

const request: AbsRequest = {
  verb: 'PUT',
  account: 'account',
  container: 'box',
  key: 'a/b',
  service: 'https://account.blob.example',
  access: { kind: 'key' },
}

/** What the service may have been sent. */
const SECRET = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY'
const WROTE = 'what the service wrote'

function answer(status: number | undefined, code: string | undefined): Error {
  const url = 'https://account.blob.example/box/a/b?sig=the-signature'
  return Object.assign(new Error(WROTE), {
    name: 'RestError',
    code,
    statusCode: status,
    request: { url },
    body: WROTE,
  })
}

function named(name: string): Error {
  return Object.assign(new Error(WROTE), { name })
}

const cases: [Error, ErrorCode, RegExp][] = [
  [answer(404, 'BlobNotFound'), 'ERR_OBJECT_NOT_FOUND', /^abs:\/\/account@box\/a\/b does not exist$/],
  [
    answer(404, 'ContainerNotFound'),
    'ERR_STORAGE_NO_BUCKET',
    /^There is no container "box" at https:\/\/account\.blob\.example for PUT of abs:\/\/account@box\/a\/b \(404 ContainerNotFound\): create it/,
  ],
  [answer(409, 'ContainerBeingDeleted'), 'ERR_STORAGE_NO_BUCKET', /409 ContainerBeingDeleted/],
  [answer(400, 'InvalidResourceName'), 'ERR_STORAGE_NO_BUCKET', /400 InvalidResourceName/],
  [answer(404, 'ResourceNotFound'), 'ERR_STORAGE_NO_BUCKET', /correct its name or the account's$/],
  [answer(403, SECRET), 'ERR_STORAGE_DENIED', /^Azure refused PUT of .* \(403 with an unknown code\): /],
  [answer(404, `/${SECRET}==`), 'ERR_STORAGE_DENIED', /\(404 with an unknown code\)/],
  [answer(400, 'Md5Mismatch'), 'ERR_STORAGE_DENIED', /\(400 Md5Mismatch\)/],
  [answer(404, undefined), 'ERR_STORAGE_UNREACHABLE', /404 not an Azure answer/],
  [answer(200, 'PARSE_ERROR'), 'ERR_STORAGE_UNREACHABLE', /200 not an Azure answer/],
  [named('TypeError'), 'ERR_STORAGE_UNREACHABLE', /not an Azure answer/],
  [
    answer(403, 'AuthenticationFailed'),
    'ERR_STORAGE_DENIED',
    /^Azure refused PUT of abs:\/\/account@box\/a\/b \(403 AuthenticationFailed\): check account-name and account-key/,
  ],
  [answer(401, 'NoAuthenticationInformation'), 'ERR_STORAGE_DENIED', /check account-name/],
  [answer(403, 'KeyBasedAuthenticationNotPermitted'), 'ERR_STORAGE_DENIED', /use an identity$/],
  [answer(409, 'BlobImmutableDueToPolicy'), 'ERR_STORAGE_DENIED', /an immutability policy/],
  [answer(409, 'BlobArchived'), 'ERR_STORAGE_DENIED', /archive tier/],
  [answer(412, 'LeaseIdMissing'), 'ERR_STORAGE_DENIED', /lease/],
  [answer(400, 'InvalidHeaderValue'), 'ERR_STORAGE_DENIED', /--skipApiVersionCheck$/],
  [answer(400, 'InvalidUri'), 'ERR_STORAGE_DENIED', /check the account, the container and the endpoint$/],
  [answer(400, 'InvalidBlockList'), 'ERR_STORAGE_UNREACHABLE', /400 InvalidBlockList/],
  [answer(403, undefined), 'ERR_STORAGE_UNREACHABLE', /403 not an Azure answer/],
  [answer(502, undefined), 'ERR_STORAGE_UNREACHABLE', /\(502 Bad Gateway\)/],
  [answer(502, 'PARSE_ERROR'), 'ERR_STORAGE_UNREACHABLE', /\(502 Bad Gateway\)/],
  [answer(500, 'InternalError'), 'ERR_STORAGE_UNREACHABLE', /500 InternalError/],
  [answer(503, 'ServerBusy'), 'ERR_STORAGE_UNREACHABLE', /503 ServerBusy/],
  [answer(429, 'TooManyRequests'), 'ERR_STORAGE_UNREACHABLE', /429 TooManyRequests/],
  [answer(408, 'RequestTimeout'), 'ERR_STORAGE_UNREACHABLE', /408 RequestTimeout/],
  [
    answer(undefined, 'ECONNREFUSED'),
    'ERR_STORAGE_UNREACHABLE',
    /^https:\/\/account\.blob\.example did not serve PUT .*ECONNREFUSED/,
  ],
  [answer(undefined, 'ENOTFOUND'), 'ERR_STORAGE_UNREACHABLE', /ENOTFOUND\): check the account-name, the endpoint/],
  [answer(undefined, 'silent for 30000 ms'), 'ERR_STORAGE_UNREACHABLE', /\(silent for 30000 ms\)/],
  [named('AbortError'), 'ERR_STORAGE_UNREACHABLE', /the connection broke/],
]

for (const [error, code, message] of cases) {
  const { statusCode = '', code: name = error.name } = error as { statusCode?: number; code?: string }
  test(`${statusCode} ${name} is ${code}`, () => {
    const found = absError(error, request)
    assert.equal(found.code, code)
    assert.match(found.message, message)
    assert.doesNotMatch(inspect(found, { depth: 9, showHidden: true }), /what the service wrote|the-signature/)
  })
}

test('whatever fails after an abort is ERR_CANCELLED', () => {
  const found = absError(answer(undefined, 'ECONNRESET'), request, AbortSignal.abort('the reason'))
  assert.equal(found.code, 'ERR_CANCELLED')
  assert.equal(found.cause, 'the reason')
})

const day = 86_400_000
const time = (offset: number) => new Date(Date.now() + offset).toISOString()
const sas = (fields: Record<string, string>): AccessFacts =>
  factsOf({ kind: 'sas', token: new URLSearchParams({ sv: '2024-01-01', sig: 'the-signature', ...fields }).toString() })

const advice: [string, AccessFacts, AbsRequest['verb'], RegExp][] = [
  ['an expired token', sas({ sp: 'rcwl', se: time(-day) }), 'PUT', /: the SAS token expired at \d{4}-/],
  [
    'a token of tomorrow',
    sas({ sp: 'rcwl', st: time(day), se: time(2 * day) }),
    'PUT',
    /: the SAS token is valid from \d{4}-.* only$/,
  ],
  ['a token without w', sas({ sp: 'rl', se: time(day) }), 'PUT', /: the SAS token permits "rl" and needs "cw" too$/],
  ['a token without l', sas({ sp: 'rcw', se: time(day) }), 'LIST', /: the SAS token permits "rcw" and needs "l" too$/],
  ['a token without r', sas({ sp: 'cwl', se: time(day) }), 'GET', /: the SAS token permits "cwl" and needs "r" too$/],
  [
    'a token without d',
    sas({ sp: 'rcwl', se: time(day) }),
    'DELETE',
    /: the SAS token permits "rcwl" and needs "d" too$/,
  ],
  [
    'a token that permits it',
    sas({ sp: 'rcwdl', se: time(day) }),
    'PUT',
    /: check the SAS token, and the network rules/,
  ],
  ['a token by a stored policy', sas({ si: 'policy' }), 'PUT', /: check the SAS token, and the network rules/],
  ['an identity', { kind: 'chain' }, 'PUT', /: give the identity the role "Storage Blob Data Contributor"/],
]

for (const [name, access, verb, message] of advice) {
  test(`a refusal for ${name} says what to do`, () => {
    const found = absError(answer(403, 'AuthorizationPermissionMismatch'), { ...request, access, verb })
    assert.equal(found.code, 'ERR_STORAGE_DENIED')
    assert.match(found.message, message)
    assert.doesNotMatch(found.message, /the-signature/)
  })
}

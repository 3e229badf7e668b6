import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { ErrorCode } from '../../../../engine/errors.ts'
import { loginError } from '../../../../engine/storage/abs/chain.ts'

const WROTE = 'what the login service wrote'

function failed(name: string, more: object = {}): Error {
  return Object.assign(new Error(WROTE), { name, ...more })
}

const cases: [string, Error, ErrorCode, RegExp][] = [
  ['no source', failed('AggregateAuthenticationError'), 'ERR_STORAGE_DENIED', /^No credentials for Azure were found/],
  ['one source', failed('CredentialUnavailableError'), 'ERR_STORAGE_DENIED', /^No credentials for Azure were found/],
  [
    'a wrong secret',
    failed('AuthenticationError', { statusCode: 401, errorResponse: { errorDescription: `invalid_client: ${WROTE}` } }),
    'ERR_STORAGE_DENIED',
    /^Azure gave no token \(invalid_client\): check the AZURE_ variables/,
  ],
  [
    'no network',
    failed('AuthenticationError', { statusCode: 400, errorResponse: { errorDescription: `network_error: ${WROTE}` } }),
    'ERR_STORAGE_UNREACHABLE',
    /^The login service of Azure did not answer \(network_error\)/,
  ],
  [
    'a refused connection',
    failed('RestError', { code: 'ECONNREFUSED' }),
    'ERR_STORAGE_UNREACHABLE',
    /\(ECONNREFUSED\)/,
  ],
  ['a variable that cannot be', failed('Error'), 'ERR_STORAGE_DENIED', /^Azure gave no token \(Error\)/],
]

for (const [name, error, code, message] of cases) {
  test(`a login that fails for ${name} is ${code}`, () => {
    const found = loginError(error)
    assert.equal(found.code, code)
    assert.match(found.message, message)
    assert.doesNotMatch(inspect(found, { depth: 9, showHidden: true }), /what the login service wrote/)
  })
}

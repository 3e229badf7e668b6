import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import {
  type ChainEnvironment,
  type CredentialService,
  noCredentials,
  type SessionCredentials,
  startCredentialService,
} from '../../../servers/aws-credentials.ts'
import { sandbox } from '../../../support/sandbox.ts'
import { waitUntil } from '../../../support/wait.ts'
import { fails } from '../contract-tools.ts'
import { defaults, play, refuses, type Seen, setEnv, stored } from './fake-service.ts'

const FIRST = { generation: '00000000000000aa', index: 0, offset: 0 }
const X = Buffer.from('x')
const hourMs = 3_600_000
const fromChain = { accessKeyId: undefined, secretAccessKey: undefined }

const credentials = (number: number, validMs: number): SessionCredentials => ({
  accessKeyId: `key-${number}`,
  secretAccessKey: `secret-${number}`,
  sessionToken: `token-${number}`,
  expiration: new Date(Date.now() + validMs),
})

/** Who signed, and with which token. */
const signedBy = ({ headers }: Seen) => {
  const [, key] = /Credential=([^/]+)\//.exec(String(headers.authorization)) ?? []
  return [key, headers['x-amz-security-token']]
}

interface Source {
  readonly name: string
  readonly environment: (t: TestContext, service: CredentialService) => ChainEnvironment
  readonly proof: string
}

const sources: readonly Source[] = [
  { name: "a container's endpoint", environment: (_, { container }) => container, proof: 'container-proof' },
  { name: "an instance's metadata", environment: (_, { instance }) => instance, proof: 'metadata-proof' },
  {
    name: 'a web identity',
    environment: (t, { webIdentity }) => {
      const file = sandbox(t).path('token')
      writeFileSync(file, 'web-proof')
      return webIdentity(file)
    },
    proof: 'web-proof',
  },
]

for (const { name, environment, proof } of sources) {
  test(`credentials come from ${name}, once, and are renewed when they expire`, async (t) => {
    let number = 0
    // The first are soon over. The SDK renews what is valid for less than 5 minutes in the background.
    const service = await startCredentialService(t, () => credentials(++number, number === 1 ? 1500 : hourMs))
    setEnv(t, environment(t, service))
    const { seen, open } = await play(t, stored)
    const storage = open(fromChain)
    await storage.writeSegment(FIRST, X)
    assert.deepEqual(seen.map(signedBy), [['key-1', 'token-1']])
    assert.equal(service.lookups[0]?.proof, proof)
    await waitUntil('Requests with the next credentials', async () => {
      await storage.writeSegment(FIRST, X)
      return signedBy(seen.at(-1) ?? assert.fail())[0] === 'key-2'
    })
    await storage.writeSegment(FIRST, X)
    assert.equal(service.lookups.length, 2)
  })

  test(`a refusal by ${name} is ERR_STORAGE_DENIED or tried again, and says where to look`, async (t) => {
    let answer: SessionCredentials | number = 403
    const service = await startCredentialService(t, () => answer)
    setEnv(t, environment(t, service))
    const { seen, open } = await play(t, stored)
    const storage = open(fromChain)
    const failure = await storage.writeSegment(FIRST, X).then(
      () => assert.fail('It did not fail'),
      (error: Error & { code?: string }) => error,
    )
    assert.match(String(failure.code), /^ERR_STORAGE_(DENIED|UNREACHABLE)$/)
    assert.match(
      failure.message,
      /credentials .*for PUT of s3:.*(check the role and whom it trusts|give this machine a role)$/,
    )
    assert.doesNotMatch(failure.message, /what the service wrote|proof/)
    assert.equal(seen.length, 0)
    answer = credentials(1, hourMs)
    await storage.writeSegment(FIRST, X)
    assert.deepEqual(seen.map(signedBy), [['key-1', 'token-1']])
  })
}

test('a silent endpoint ends a lookup in bounded time, and with its signal; the next lookup asks anew', async (t) => {
  let answer: SessionCredentials | 'silence' = 'silence'
  const service = await startCredentialService(t, () => answer)
  setEnv(t, service.container)
  const { seen, open } = await play(t, stored)
  const storage = open(fromChain)
  const abort = new AbortController()
  const cancelled = fails(open(fromChain).writeSegment(FIRST, X, abort.signal), 'ERR_CANCELLED')
  const late = fails(
    storage.writeSegment(FIRST, X),
    'ERR_STORAGE_UNREACHABLE',
    /^AWS_CONTAINER_CREDENTIALS_FULL_URI gave no credentials for PUT of .* \(TimeoutError\): check the role/,
  )
  await waitUntil('Lookups', () => service.lookups.length === 2)
  abort.abort()
  await cancelled
  await late
  answer = credentials(1, hourMs)
  await storage.writeSegment(FIRST, X)
  assert.deepEqual(seen.map(signedBy), [['key-1', 'token-1']])
})

test('an instance that is silent, or none, is found out', async (t) => {
  const service = await startCredentialService(t, () => 'silence')
  const { open } = await play(t, stored)
  for (const env of [
    service.instance,
    { ...service.instance, AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' },
  ]) {
    setEnv(t, env)
    await fails(open(fromChain).writeSegment(FIRST, X), 'ERR_STORAGE_DENIED', /^No credentials were found for PUT/)
  }
})

test('credentials come from a shared file, and a new file is read when the old ones are refused', async (t) => {
  const file = sandbox(t).path('credentials')
  const write = (number: number) =>
    writeFileSync(
      file,
      `[default]\naws_access_key_id=key-${number}\naws_secret_access_key=s\naws_session_token=token-${number}\n`,
    )
  write(1)
  setEnv(t, { ...noCredentials, AWS_SHARED_CREDENTIALS_FILE: file })
  let accepted = 'key-1'
  const { seen, open } = await play(t, (response, what) => {
    if (signedBy(what)[0] === accepted) stored(response)
    else refuses(400, 'ExpiredToken')(response)
  })
  const storage = open(fromChain)
  await storage.writeSegment(FIRST, X)
  accepted = 'key-2'
  await fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_DENIED', /ExpiredToken\): renew the session token$/)
  write(2)
  await waitUntil('The new file', () =>
    storage.writeSegment(FIRST, X).then(
      () => true,
      () => false,
    ),
  )
  assert.deepEqual(signedBy(seen.at(-1) ?? assert.fail()), ['key-2', 'token-2'])
})

test('credentials come from the environment when none are given', async (t) => {
  const { seen, open } = await play(t, stored)
  const env = { AWS_ACCESS_KEY_ID: 'env-key', AWS_SECRET_ACCESS_KEY: 'env-secret', AWS_SESSION_TOKEN: 'env-token' }
  setEnv(t, { ...noCredentials, ...env })
  await open(fromChain).writeSegment(FIRST, X)
  assert.deepEqual(seen.map(signedBy), [['env-key', 'env-token']])
})

test('a session token goes with the configured keys, whatever the environment has', async (t) => {
  const { seen, open } = await play(t, stored)
  setEnv(t, { AWS_SESSION_TOKEN: 'env-token' })
  await open({ sessionToken: 'own-token' }).writeSegment(FIRST, X)
  await open().writeSegment(FIRST, X)
  assert.deepEqual(seen.map(signedBy), [
    ['key', 'own-token'],
    ['key', undefined],
  ])
})

test('a part of the credentials is ERR_CONFIG', () => {
  const part = (changes: Partial<S3StorageOptions>) => () => new S3Storage({ ...defaults, ...changes })
  assert.throws(part({ accessKeyId: undefined }), { code: 'ERR_CONFIG', message: /has no access-key-id/ })
  assert.throws(part({ secretAccessKey: undefined }), { code: 'ERR_CONFIG', message: /has no secret-access-key/ })
  assert.throws(part({ ...fromChain, sessionToken: 'x' }), { code: 'ERR_CONFIG', message: /beside the session token$/ })
})

test('credentials that are nowhere are ERR_STORAGE_DENIED, without a request', async (t) => {
  const { seen, open } = await play(t, stored)
  setEnv(t, noCredentials)
  await fails(open(fromChain).writeSegment(FIRST, X), 'ERR_STORAGE_DENIED', /^No credentials were found for PUT/)
  assert.equal(seen.length, 0)
})

test('a token file that is absent is told by its variable', async (t) => {
  const { open } = await play(t, stored)
  const service = await startCredentialService(t, () => 500)
  setEnv(t, service.webIdentity('/nowhere/token'))
  await fails(
    open(fromChain).writeSegment(FIRST, X),
    'ERR_STORAGE_DENIED',
    /^AWS_WEB_IDENTITY_TOKEN_FILE gave no credentials for PUT of .* \(ENOENT\): check/,
  )
})

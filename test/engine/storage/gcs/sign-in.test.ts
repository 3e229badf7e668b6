import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { GcsStorageOptions } from '../../../../engine/storage/options.ts'
import { sandbox } from '../../../support/sandbox.ts'
import { wherry } from '../../../support/tool.ts'
import { type FakeGoogle, serviceAccount, startFakeGoogle } from './fake-google.ts'
import type { Outcome, Task } from './google-client.ts'
import { listen } from './listen.ts'

const CLIENT = join(import.meta.dirname, 'google-client.ts')
const { json: ACCOUNT, publicKey } = serviceAccount()
const CREDENTIALS = JSON.stringify(ACCOUNT)
const TOKEN = { token: 'ya29.first' }
const UPLOAD = 'storage.googleapis.com /upload/storage/v1/b/bucket/o'
const GRANT = 'oauth2.googleapis.com /token'

/** Anything that must not be told: of keys a part is enough. */
const SECRETS = ['ya29.', 'PRIVATE KEY', ACCOUNT.private_key.slice(100, 140), 'eyJ']

async function runCalls(
  t: TestContext,
  google: FakeGoogle,
  task: Partial<Task>,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome[]> {
  const none = { GOOGLE_APPLICATION_CREDENTIALS: '', CLOUDSDK_CONFIG: '', STORAGE_EMULATOR_HOST: '' }
  const command = [process.execPath, CLIENT, JSON.stringify({ calls: 1, options: {}, ...task })]
  const { stdout, stderr } = await sandbox(t).run(command, { env: { ...none, ...google.env, ...env } })
  assert.equal(stderr, '', 'Nothing is printed beside the log')
  const outcomes = JSON.parse(stdout) as Outcome[]
  for (const { inspected } of outcomes) {
    for (const secret of SECRETS) assert(!inspected.includes(secret), inspected)
  }
  return outcomes
}

function assertOutcomes(outcomes: Outcome[], ...expected: [code: string, message?: RegExp][]): void {
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    expected.map(([code]) => code),
    JSON.stringify(outcomes),
  )
  for (const [n, [, message = /./s]] of expected.entries()) {
    if (outcomes[n]?.code !== 'stored') assert.match(outcomes[n]?.message ?? '', message)
  }
}

function account(changes: object): Partial<GcsStorageOptions> {
  return { credentials: JSON.stringify({ ...ACCOUNT, ...changes }) }
}

test("a configured service account signs in once, and nobody else's address is asked", async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  google.valid.add(TOKEN.token)
  assertOutcomes(await runCalls(t, google, { calls: 3, options: account({}) }), ['stored'], ['stored'], ['stored'])
  assert.deepEqual(google.asked, [GRANT, UPLOAD, UPLOAD, UPLOAD])
})

test('the variable for emulators has no part in it', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  google.valid.add(TOKEN.token)
  const env = { STORAGE_EMULATOR_HOST: 'http://127.0.0.1:9' }
  assertOutcomes(await runCalls(t, google, { options: account({}) }, env), ['stored'])
})

test('the file of GOOGLE_APPLICATION_CREDENTIALS is found, and read anew after a refusal', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const path = join(google.dir, 'account.json')
  writeFileSync(path, CREDENTIALS)
  google.tokens.push({ status: 400, body: { error: 'invalid_grant', error_description: 'ya29.' } }, TOKEN)
  google.valid.add(TOKEN.token)
  const outcomes = await runCalls(t, google, { calls: 2 }, { GOOGLE_APPLICATION_CREDENTIALS: path })
  const refused = /^Google refused the credentials for PUT of gcs:.*\(400 invalid_grant\): .*the clock of this machine$/
  assertOutcomes(outcomes, ['ERR_STORAGE_DENIED', refused], ['stored'])
  assert.deepEqual(google.asked, [GRANT, GRANT, UPLOAD])
})

test('no key is told that stands where the path of its file should', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const [outcome] = await runCalls(t, google, {}, { GOOGLE_APPLICATION_CREDENTIALS: CREDENTIALS })
  assert.equal(outcome?.code, 'ERR_STORAGE_DENIED')
  assert.match(outcome.message, /^GOOGLE_APPLICATION_CREDENTIALS takes a path, and has what looks like the key itself/)
})

test('a token that is refused is replaced by a new one', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN, { token: 'ya29.second' })
  google.valid.add('ya29.second')
  assertOutcomes(await runCalls(t, google, { calls: 2, options: account({}) }), ['stored'], ['stored'])
  assert.deepEqual(google.asked, [GRANT, UPLOAD, GRANT, UPLOAD, UPLOAD])
})

test('tokens that are always refused are ERR_STORAGE_DENIED', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  const outcomes = await runCalls(t, google, { options: account({}) })
  assertOutcomes(outcomes, [
    'ERR_STORAGE_DENIED',
    /^Google refused PUT of .*\(401 authError\): check the credentials and/,
  ])
})

test('another key than the account has is ERR_STORAGE_DENIED', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  const { private_key } = serviceAccount().json
  const outcomes = await runCalls(t, google, { options: account({ private_key }) })
  assertOutcomes(outcomes, ['ERR_STORAGE_DENIED', /\(400 invalid_grant\)/])
})

test('a token service that is down is ERR_STORAGE_UNREACHABLE, after two requests', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push({ status: 503, body: {} })
  const outcomes = await runCalls(t, google, { options: account({}) })
  assertOutcomes(outcomes, ['ERR_STORAGE_UNREACHABLE', /^Google gave no token for .*\(503 refused\)/])
  assert.deepEqual(google.asked, [GRANT, GRANT])
})

test('a token service that cannot be reached is ERR_STORAGE_UNREACHABLE', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const { origin, close } = await listen(createServer())
  await close()
  const outcomes = await runCalls(t, google, { options: account({}) }, { HTTPS_PROXY: origin })
  assertOutcomes(outcomes, ['ERR_STORAGE_UNREACHABLE', /^Google gave no token for .*\(ECONNREFUSED\)/])
})

test('workload identity: a token of another issuer is exchanged', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  google.valid.add(TOKEN.token)
  const subject = join(google.dir, 'subject-token')
  writeFileSync(subject, 'a token of the cluster')
  const path = join(google.dir, 'workload.json')
  const config = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file: subject },
  }
  writeFileSync(path, JSON.stringify(config))
  const outcomes = await runCalls(t, google, { calls: 2 }, { GOOGLE_APPLICATION_CREDENTIALS: path })
  assertOutcomes(outcomes, ['stored'], ['stored'])
  assert.deepEqual(google.asked, ['sts.googleapis.com /v1/token', UPLOAD, UPLOAD])
})

test('files that cannot be used are ERR_STORAGE_DENIED, and what they hold is not told', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const write = (name: string, content: string) => {
    writeFileSync(join(google.dir, name), content)
    return join(google.dir, name)
  }
  for (const path of [
    join(google.dir, 'absent.json'),
    write('not.json', `${ACCOUNT.private_key}`),
    write('other.json', '{"type":"service_account","private_key":"PRIVATE KEY"}'),
    write('garbled.json', JSON.stringify({ ...ACCOUNT, private_key: 'PRIVATE KEY' })),
  ]) {
    const [outcome] = await runCalls(t, google, {}, { GOOGLE_APPLICATION_CREDENTIALS: path })
    assert.equal(outcome?.code, 'ERR_STORAGE_DENIED', outcome?.message)
    assert(
      outcome?.message.startsWith(`The credentials file of GOOGLE_APPLICATION_CREDENTIALS, ${path}, cannot be used`),
    )
  }
  assert.deepEqual(google.asked, [])
})

test('configured credentials that cannot be right are ERR_CONFIG at once, and are not told', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const { client_email, ...nameless } = ACCOUNT
  assert(client_email)
  for (const [credentials, message] of [
    [ACCOUNT.private_key, /are not JSON/],
    [CREDENTIALS.slice(0, -9), /are not JSON/],
    ['{}', /are no service account's key/],
    [JSON.stringify({ ...ACCOUNT, type: 'external_account' }), /are no service account's key/],
    [JSON.stringify(nameless), /have no client_email/],
    [
      JSON.stringify({ ...ACCOUNT, private_key: ACCOUNT.private_key.replace('\n', 'x') }),
      /have no private_key that can/,
    ],
  ] as const) {
    const outcomes = await runCalls(t, google, { options: { credentials } })
    assertOutcomes(outcomes, ['ERR_CONFIG', /^credentials of the replica in bucket "bucket" /])
    assert.match(outcomes[0]?.message ?? '', message)
  }
})

test("without credentials the machine's are used: its metadata server gives the token", async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.valid.add(TOKEN.token)
  const asked: string[] = []
  const metadata = await listen(
    createServer((request, response) => {
      asked.push(request.url?.split('?')[0] ?? '')
      response.setHeader('metadata-flavor', 'Google').setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ access_token: TOKEN.token, expires_in: 3600, token_type: 'Bearer' }))
    }),
  )
  t.after(metadata.close)
  const env = { GCE_METADATA_HOST: metadata.origin.slice('http://'.length) }
  assertOutcomes(await runCalls(t, google, { calls: 2 }, env), ['stored'], ['stored'])
  assert.deepEqual(asked, ['/computeMetadata/v1/instance/service-accounts/default/token'])
})

test('credentials that are nowhere are ERR_STORAGE_DENIED, and looked for again by the next call', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const { origin, close } = await listen(createServer())
  await close()
  const env = { GCE_METADATA_HOST: origin.slice('http://'.length) }
  const outcomes = await runCalls(t, google, { calls: 2 }, env)
  const none =
    /^No credentials were found for PUT of gcs:.*\(ECONNREFUSED from the metadata server\): set credentials or/
  assertOutcomes(outcomes, ['ERR_STORAGE_DENIED', none], ['ERR_STORAGE_DENIED', none])
  assert.deepEqual(google.asked, [])
})

test('a metadata server that does not answer holds a call up for some seconds only', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  const silent = await listen(createServer(() => {}))
  t.after(silent.close)
  const outcomes = await runCalls(t, google, {}, { GCE_METADATA_HOST: silent.origin.slice('http://'.length) })
  assertOutcomes(outcomes, [
    'ERR_STORAGE_DENIED',
    /^No credentials were found .*\(ETIMEDOUT from the metadata server\)/,
  ])
})

test('an endpoint with credentials is signed in to, one without is asked as it is', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  const seen: (string | undefined)[] = []
  const emulator = await listen(
    createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(403).end()
    }),
  )
  t.after(emulator.close)
  const endpoint = emulator.origin
  assertOutcomes(await runCalls(t, google, { options: { endpoint } }), ['ERR_STORAGE_DENIED', /refused/])
  const refused: [string, RegExp] = ['ERR_STORAGE_DENIED', /^http:.* refused PUT/]
  assertOutcomes(await runCalls(t, google, { options: { endpoint, credentials: CREDENTIALS } }), refused)
  assert.deepEqual(seen, [undefined, `Bearer ${TOKEN.token}`])
  assert.deepEqual(google.asked, [GRANT])
})

test('the program, which is bundled, signs in as well', async (t) => {
  const google = await startFakeGoogle(t, publicKey)
  google.tokens.push(TOKEN)
  google.valid.add(TOKEN.token)
  const path = join(google.dir, 'account.json')
  writeFileSync(path, CREDENTIALS)
  const command = [...wherry.command, 'generations', 'gcs://bucket/app']
  const env = { ...google.env, GOOGLE_APPLICATION_CREDENTIALS: path, STORAGE_EMULATOR_HOST: '' }
  const done = await sandbox(t).run(command, { env })
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /^name +generation/)
  assert.equal(done.stderr, '')
  assert.deepEqual(google.asked, [GRANT, 'storage.googleapis.com /storage/v1/b/bucket/o'])
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { azurite, startAzure } from '../../../servers/azure.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { hasServer } from '../../../servers/server.ts'
import { sandbox } from '../../../support/sandbox.ts'

const FIXTURE = join(import.meta.dirname, 'chain-fixture.ts')
const IDENTITY_HEADER = 'the-identity-header'

/** A token as Azurite checks it: all but the signature. */
function token(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    aud: 'https://storage.azure.com',
    iss: 'https://sts.windows.net/tenant/',
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.signature`
}

/** Azurite over TLS, and an identity service as App Service has it; `run` uses both with the default chain. */
async function stage(t: TestContext, identity: RequestListener | undefined) {
  if (!(await hasServer(t, azurite))) return undefined
  const box = sandbox(t)
  const tls = selfSigned(box.dir)
  const azure = await startAzure(tls)
  t.after(() => azure.stop())
  const asked: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers)
    identity?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const env = {
    NODE_EXTRA_CA_CERTS: tls.certPath,
    ...(identity === undefined ? {} : { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER }),
    AZURE_TOKEN_CREDENTIALS: 'prod',
  }
  const run = (...args: string[]) =>
    box.run([process.execPath, FIXTURE, azure.endpoint, azure.container, ...args], { env })
  return { run, asked, endpoint: azure.endpoint }
}

test('a managed identity: one token for all requests, and nothing is printed', async (t) => {
  const scene = await stage(t, (_, response) => {
    const expires = Math.floor(Date.now() / 1000) + 3600
    const answer = {
      access_token: token(),
      expires_on: `${expires}`,
      resource: 'https://storage.azure.com',
      token_type: 'Bearer',
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  if (scene === undefined) return
  assert.deepEqual(await scene.run(), { code: 0, signal: null, stdout: 'read two\n', stderr: '' })
  assert.deepEqual(
    scene.asked.map((headers) => headers['x-identity-header']),
    [IDENTITY_HEADER],
  )
})

test('no identity is ERR_STORAGE_DENIED that says what to do', async (t) => {
  const scene = await stage(t, undefined)
  if (scene === undefined) return
  const { stdout, stderr } = await scene.run()
  assert.match(stdout, /^ERR_STORAGE_DENIED No credentials for Azure were found: set account-key or sas-token, or/)
  assert.equal(stderr, '')
})

test('an identity that is refused a token is ERR_STORAGE_DENIED, without what the service wrote', async (t) => {
  const scene = await stage(t, (_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"what the service wrote"}')
  })
  if (scene === undefined) return
  const { stdout, stderr } = await scene.run()
  assert.match(stdout, /^ERR_STORAGE_DENIED /)
  assert.doesNotMatch(stdout, /what the service wrote/)
  assert.equal(stderr, '')
})

test('a login that hangs ends with the signal', async (t) => {
  const scene = await stage(t, () => {})
  if (scene === undefined) return
  const { stdout } = await scene.run('1000')
  assert.match(stdout, /^ERR_CANCELLED PUT of abs:/)
  assert.ok(scene.asked.length > 0)
})

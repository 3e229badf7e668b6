import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { listen } from './listen.ts'
import { described, EMPTY_LIST } from './player.ts'

const HOSTS = ['oauth2.googleapis.com', 'sts.googleapis.com', 'storage.googleapis.com']

/** An answer of the token service: a token, or a status with a body. */
export type TokenAnswer = { readonly token: string } | { readonly status: number; readonly body: unknown }

export interface FakeGoogle {
  /** Variables with which a process finds this in Google's place. */
  readonly env: Readonly<Record<string, string>>
  /** A folder for files of the test; it is the home folder too. */
  readonly dir: string
  /** `HOST PATH` of every request, in order, and `CONNECT HOST` for what is not Google's. */
  readonly asked: string[]
  /** What the token service answers next; the last of them from then on. */
  readonly tokens: TokenAnswer[]
  /** Tokens that the storage accepts. */
  readonly valid: Set<string>
}

/** The key of a service account that signs as Google expects it. */
export function serviceAccount() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const json = {
    type: 'service_account',
    project_id: 'a-project',
    private_key_id: 'a-key-id',
    private_key: privateKey,
    client_email: 'wherry@a-project.iam.gserviceaccount.com',
  }
  return { json, publicKey }
}

/**
 * Google's token service and storage on loopback: a proxy (HTTPS_PROXY) that leads every connection to a TLS server with
 * Google's names, whose certificate the process is told to trust. So the real addresses are asked, and the SDK signs in as it
 * always does; the signature of a service account is verified.
 */
export async function startFakeGoogle(t: TestContext, publicKey: string): Promise<FakeGoogle> {
  const dir = mkdtempSync(join(tmpdir(), 'wherry-google-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const tls = certificate(dir)
  const google: Omit<FakeGoogle, 'env'> = { dir, asked: [], tokens: [], valid: new Set() }

  const secure = createSecureServer(tls, (request, response) => {
    google.asked.push(`${request.headers.host} ${request.url?.split('?')[0]}`)
    if (request.headers.host === 'storage.googleapis.com') answerStorage(google, request, response)
    else void answerToken(google, publicKey, request, response)
  })
  const proxy = createServer((_request, response) => response.writeHead(405).end())
  proxy.on('connect', (request, socket) => {
    const host = request.url?.split(':')[0] ?? ''
    if (!HOSTS.includes(host)) {
      google.asked.push(`CONNECT ${host}`)
      return socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    return secure.emit('connection', socket)
  })
  const { origin, close } = await listen(proxy)
  t.after(async () => {
    secure.closeAllConnections()
    await close()
  })
  const env = { HTTPS_PROXY: origin, NO_PROXY: '127.0.0.1', NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem'), HOME: dir }
  return { ...google, env }
}

function certificate(dir: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const names = HOSTS.map((host) => `DNS:${host}`).join(',')
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=google', '-days', '2']
  const files = ['-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert]
  execFileSync('openssl', [...args, ...files], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

function answerStorage({ valid }: Omit<FakeGoogle, 'env'>, request: IncomingMessage, response: ServerResponse): void {
  const [, token = ''] = /^Bearer (.*)$/.exec(request.headers.authorization ?? '') ?? []
  request.resume().on('end', () => {
    const answer = request.method === 'GET' ? EMPTY_LIST : described('n', 1)
    if (valid.has(token)) response.end(JSON.stringify(answer))
    else response.writeHead(401).end(JSON.stringify({ error: { code: 401, errors: [{ reason: 'authError' }] } }))
  })
}

async function answerToken(
  { tokens }: Omit<FakeGoogle, 'env'>,
  publicKey: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = new URLSearchParams(await text(request))
  const assertion = form.get('assertion')
  const answer = tokens.length > 1 ? tokens.shift() : tokens[0]
  response.setHeader('content-type', 'application/json')
  if (answer === undefined || (assertion !== null && !isSigned(assertion, publicKey))) {
    response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: assertion }))
  } else if ('token' in answer) {
    response.end(JSON.stringify({ access_token: answer.token, expires_in: 3600, token_type: 'Bearer' }))
  } else {
    response.writeHead(answer.status).end(JSON.stringify(answer.body))
  }
}

function isSigned(assertion: string, publicKey: string): boolean {
  const [header, claims, signature = ''] = assertion.split('.')
  const signed = Buffer.from(`${header}.${claims}`)
  return verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))
}

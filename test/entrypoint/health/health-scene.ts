import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { databaseDefaults } from '../../../engine/index.ts'
import { supervisorDefaults } from '../../../entrypoint/config/supervisor-options.ts'
import { startHealth } from '../../../entrypoint/health/health.ts'
import type { HealthSource } from '../../../entrypoint/health/routes.ts'
import type { HealthServer } from '../../../entrypoint/health/server.ts'
import { type LogLine, logLines } from '../../support/log-lines.ts'
import type { Sandbox } from '../../support/sandbox.ts'
import { wellVitals } from './vitals.ts'

export interface HealthSetup {
  readonly listen?: string
  /** The folder for the socket. */
  readonly metaPath?: string
  readonly vitals?: HealthSource['vitals']
}

/** Starts health for a database in the sandbox; it ends with the test. */
export async function begin(
  t: TestContext,
  box: Sandbox,
  { listen, metaPath = box.path('.app.db-wherry'), vitals = () => wellVitals }: HealthSetup = {},
): Promise<{ server: HealthServer | undefined; lines: LogLine[] }> {
  const { logger, lines } = logLines()
  const database = { ...databaseDefaults, path: box.path('app.db'), metaPath, replicas: [] }
  const config = { directories: [], databases: [database], supervisor: { ...supervisorDefaults, listen } }
  const server = await startHealth(config, vitals, logger)
  t.after(() => server?.close())
  return { server, lines }
}

export interface Response {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A request to an address as a server gives it. */
export async function request(address: string, path: string, method = 'GET'): Promise<Response> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    get({ ...place(address), path, method, agent: false }, resolve).on('error', reject)
  })
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Sends bytes as they are, and gives all that comes back until the server ends the connection. */
export async function sendRaw(address: string, bytes: string): Promise<string> {
  const { socketPath, host, port } = place(address)
  const socket = socketPath === undefined ? connect(Number(port), host) : connect(socketPath)
  let answer = ''
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      answer += chunk
    })
  socket.write(bytes)
  await once(socket, 'close')
  return answer
}

function place(address: string): { socketPath?: string; host?: string; port?: number } {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) }
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/[[\]]/g, ''), port: Number(address.slice(at + 1)) }
}

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ContainerClient, newPipeline, StorageSharedKeyCredential } from '@azure/storage-blob'
import { cachePath, makeOnce } from './cache.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { freePort, hasServer, type TestServer } from './server.ts'

const run = promisify(execFile)

const VERSION = '3.37.0'
const START_TIMEOUT_MS = 20_000
const PROBE_PAUSE_MS = 50

const home = () => cachePath(`azurite-${VERSION}`)

/** Azurite, of an npm package that is no dependency of ours: hundreds of packages that nothing imports. */
export const azurite: TestServer = {
  name: 'Azurite',
  unavailable: async () => (existsSync(home()) ? undefined : 'Azurite is not there: run node test/servers/install.ts'),
  install: () =>
    makeOnce(home(), 'azurite', async (aside) => {
      const flags = ['--no-audit', '--no-fund', '--ignore-scripts']
      await run('npm', ['install', '--prefix', aside, ...flags, `azurite@${VERSION}`], { maxBuffer: 64 << 20 })
      await rename(aside, home())
    }),
}

/** A real blob server on loopback, with an empty container. */
export interface RunningAzure {
  /** With the account in its path: `http://127.0.0.1:PORT/ACCOUNT`. */
  readonly endpoint: string
  readonly container: string
  readonly accountName: string
  readonly accountKey: string
  /** The server's certificate, as PEM, when it speaks TLS. */
  readonly ca: string | undefined
  /** For SIGSTOP and SIGCONT: a server that hangs. */
  readonly pid: number
  /** Kills the server. Safe to call twice; it also ends with the test process. */
  stop(): Promise<void>
}

/** What makes a server speak TLS: PEM files. Then it also takes tokens of an identity. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
}

/** Starts a server that keeps all in memory and its log in `dir`, and resolves when it serves. */
export async function startAzure(dir: string, tls?: TlsFiles): Promise<RunningAzure> {
  const port = await freePort()
  const accountName = 'wherrytest'
  const accountKey = randomBytes(64).toString('base64')
  const scheme = tls === undefined ? 'http' : 'https'
  const secure = tls === undefined ? [] : ['--cert', tls.cert, '--key', tls.key, '--oauth', 'basic']
  const log = join(dir, 'log')
  const args = [
    ...[join(home(), 'node_modules/azurite/dist/src/blob/main.js'), '--blobHost', '127.0.0.1', '--blobPort', `${port}`],
    // Telemetry would go to the internet; the client may speak a newer version than the server knows.
    ...['--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck', '--silent', ...secure],
  ]
  const server = await startGuarded(
    [process.execPath, ...args],
    { AZURITE_ACCOUNTS: `${accountName}:${accountKey}` },
    log,
  )
  const running = {
    endpoint: `${scheme}://127.0.0.1:${port}/${accountName}`,
    container: 'wherry-test',
    accountName,
    accountKey,
    ca: tls === undefined ? undefined : await readFile(tls.cert, 'utf8'),
    pid: server.pid,
    stop: server.stop,
  }
  const failure = await untilServing(running, server)
  if (failure === undefined) return running
  await server.stop()
  throw new Error(`Azurite did not start: ${failure}\n${await readFile(log, 'utf8')}`)
}

/** A running server for one test, as the others have it: skipped or failed without it, stopped and removed after it. */
export async function withAzure(t: TestContext): Promise<RunningAzure | undefined> {
  if (!(await hasServer(t, azurite))) return undefined
  const dir = await mkdtemp(join(tmpdir(), 'wherry-azure-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const running = await startAzure(dir)
  t.after(() => running.stop())
  return running
}

/** An admin client of the container, for what a test does beside the code that it tests. */
export function azureContainer({ endpoint, container, accountName, accountKey, ca }: RunningAzure): ContainerClient {
  // The SDK hands this on to its HTTP pipeline although its own type does not name it.
  const tls = { retryOptions: { maxTries: 1 }, ...(ca === undefined ? {} : { tlsOptions: { ca } }) }
  const pipeline = newPipeline(new StorageSharedKeyCredential(accountName, accountKey), tls)
  return new ContainerClient(`${endpoint}/${container}`, pipeline)
}

/** Makes the container until it is there. */
async function untilServing(azure: RunningAzure, server: GuardedProcess): Promise<string | undefined> {
  const container = azureContainer(azure)
  const hasEnded = server.ended.then(() => 'ended' as const)
  const end = performance.now() + START_TIMEOUT_MS
  let failure = 'it was not asked'
  while (performance.now() < end) {
    const answer = await container.createIfNotExists().then(
      () => 'made' as const,
      (error: Error) => error,
    )
    if (answer === 'made') return undefined
    failure = answer.message
    if ((await Promise.race([hasEnded, delay(PROBE_PAUSE_MS)])) === 'ended') return 'the process ended'
  }
  return failure
}

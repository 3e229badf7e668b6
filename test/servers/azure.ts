import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { ContainerClient, newPipeline, StorageSharedKeyCredential } from '@azure/storage-blob'
import { cachePath, makeOnce } from './cache.ts'
import { freePort, type TestServer, withServer } from './server.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const run = promisify(execFile)

const VERSION = '3.37.0'

/** Where its package is installed. */
export const azuriteHome = () => cachePath(`azurite-${VERSION}`)

/** Azurite, of an npm package that is no dependency of ours: hundreds of packages that nothing imports. */
export const azurite: TestServer = {
  name: 'Azurite',
  unavailable: async () =>
    existsSync(azuriteHome()) ? undefined : 'Azurite is not there: run node test/servers/install.ts',
  install: () =>
    makeOnce(azuriteHome(), 'azurite', async (aside) => {
      const flags = ['--no-audit', '--no-fund', '--ignore-scripts']
      await run('npm', ['install', '--prefix', aside, ...flags, `azurite@${VERSION}`], { maxBuffer: 64 << 20 })
      await rename(aside, azuriteHome())
    }),
}

/** A real blob server with an empty container; its blobs end with it. */
export interface RunningAzure extends ServerProcess {
  /** With the account in its path: `http://127.0.0.1:PORT/ACCOUNT`. */
  readonly endpoint: string
  readonly container: string
  readonly accountName: string
  readonly accountKey: string
  /** The server's certificate, as PEM, when it speaks TLS. */
  readonly ca: string | undefined
}

/** What makes a server speak TLS: PEM files. Then it also takes tokens of an identity. */
export interface TlsFiles {
  readonly keyPath: string
  readonly certPath: string
}

/** Starts one, and resolves when it serves. */
export async function startAzure(tls?: TlsFiles): Promise<RunningAzure> {
  const port = await freePort()
  const accountName = 'wherrytest'
  const place = {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/${accountName}`,
    container: 'wherry-test',
    accountName,
    accountKey: randomBytes(64).toString('base64'),
    ca: tls === undefined ? undefined : await readFile(tls.certPath, 'utf8'),
  }
  const container = azureContainer(place)
  const server = await startServer(azurite.name, async () => ({
    command: [process.execPath, ...argumentsFor(port, tls)],
    env: { AZURITE_ACCOUNTS: `${accountName}:${place.accountKey}` },
    ask: () => container.createIfNotExists(),
  }))
  return { ...server, ...place }
}

function argumentsFor(port: number, tls: TlsFiles | undefined): string[] {
  const secure = tls === undefined ? [] : ['--cert', tls.certPath, '--key', tls.keyPath, '--oauth', 'basic']
  return [
    ...[
      join(azuriteHome(), 'node_modules/azurite/dist/src/blob/main.js'),
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      `${port}`,
    ],
    // Telemetry would go to the internet; the client may speak a newer version than the server knows.
    ...['--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck', '--silent', ...secure],
  ]
}

/** A server for one test: see {@link withServer}. */
export async function withAzure(t: TestContext): Promise<RunningAzure | undefined> {
  return await withServer(t, azurite, startAzure)
}

/** An admin client of the container, for what a test does beside the code that it tests. */
export function azureContainer(azure: Omit<RunningAzure, keyof ServerProcess>): ContainerClient {
  const { endpoint, container, accountName, accountKey, ca } = azure
  // The SDK hands this on to its HTTP pipeline although its own type does not name it.
  const tls = { retryOptions: { maxTries: 1 }, ...(ca === undefined ? {} : { tlsOptions: { ca } }) }
  const pipeline = newPipeline(new StorageSharedKeyCredential(accountName, accountKey), tls)
  return new ContainerClient(`${endpoint}/${container}`, pipeline)
}

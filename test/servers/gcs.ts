import type { TestContext } from 'node:test'
import { build, type GoProgram, programPath, whyNotBuilt } from './go-program.ts'
import { freePort, type TestServer, withServer } from './server.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** A Google Cloud Storage server with an empty bucket. It checks no credentials; its objects end with it. */
export interface RunningGcs extends ServerProcess {
  readonly endpoint: string
  readonly bucket: string
}

const program: GoProgram = {
  title: 'fake-gcs-server',
  kind: 'fake-gcs-server',
  version: 'v1.56.1',
  package: 'github.com/fsouza/fake-gcs-server',
  go: [1, 26],
}

/** The server that Google's own client libraries are tried with by many; objects are kept in memory. */
export const fakeGcs: TestServer = {
  name: program.title,
  unavailable: () => whyNotBuilt(program),
  install: () => build(program),
}

/** A server for one test: see {@link withServer}. */
export async function withGcs(t: TestContext): Promise<RunningGcs | undefined> {
  return await withServer(t, fakeGcs, startGcs)
}

/** Starts one, and resolves when it serves. */
export async function startGcs(): Promise<RunningGcs> {
  const address = `127.0.0.1:${await freePort()}`
  const place = { endpoint: `http://${address}`, bucket: 'wherry-test' }
  const server = await startServer(program.title, async () => ({
    command: [programPath(program), ...argumentsFor(address)],
    ask: () => makeBucket(place),
  }))
  return { ...server, ...place }
}

function argumentsFor(address: string): string[] {
  const [host = '', port = ''] = address.split(':')
  return [
    ...['-backend', 'memory', '-scheme', 'http', '-log-level', 'warn', '-host', host, '-port', port],
    // Without them the upload sessions and download links that it hands out point elsewhere.
    ...['-external-url', `http://${address}`, '-public-host', address],
  ]
}

async function makeBucket({ endpoint, bucket }: Pick<RunningGcs, 'endpoint' | 'bucket'>): Promise<void> {
  const answer = await fetch(`${endpoint}/storage/v1/b?project=test`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: bucket }),
  })
  if (!answer.ok) throw new Error(`The bucket was not made: ${answer.status}`)
}

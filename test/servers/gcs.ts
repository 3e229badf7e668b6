import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { build, type GoProgram, programPath, whyNotBuilt } from './go-program.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { freePort, hasServer, type TestServer } from './server.ts'

const START_TIMEOUT_MS = 20_000
const PROBE_PAUSE_MS = 50

/** A Google Cloud Storage server on loopback, with an empty bucket. It checks no credentials. */
export interface RunningGcs {
  readonly endpoint: string
  readonly bucket: string
  /** For SIGSTOP and SIGCONT: a server that hangs. */
  readonly pid: number
  /** Kills the server, and its objects with it. Safe to call twice; it also ends with the test process. */
  stop(): Promise<void>
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

/**
 * A running server for one test, stopped after it. When it is unavailable the test is skipped and undefined returned,
 * with CI=true the test fails.
 */
export async function withGcs(t: TestContext): Promise<RunningGcs | undefined> {
  if (!(await hasServer(t, fakeGcs))) return undefined
  const dir = await mkdtemp(join(tmpdir(), 'wherry-gcs-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const running = await startGcs(dir)
  t.after(() => running.stop())
  return running
}

/** Starts one that logs below `dir`, and resolves when it serves. */
export async function startGcs(dir: string): Promise<RunningGcs> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const log = join(dir, 'log')
  // Both addresses: without them the upload sessions and download links it hands out point elsewhere.
  const addresses = ['-host', '127.0.0.1', '-port', `${port}`, '-external-url', endpoint]
  const args = ['-backend', 'memory', '-scheme', 'http', ...addresses, '-public-host', `127.0.0.1:${port}`]
  const server = await startGuarded([programPath(program), ...args, '-log-level', 'warn'], {}, log)
  const running = { endpoint, bucket: 'wherry-test', pid: server.pid, stop: server.stop }
  const failure = await untilServing(running, server)
  if (failure === undefined) return running
  await server.stop()
  throw new Error(`${program.title} did not start: ${failure}\n${await readFile(log, 'utf8')}`)
}

/** Makes the bucket until it is there: it proves that requests are served. */
async function untilServing(gcs: RunningGcs, server: GuardedProcess): Promise<string | undefined> {
  const hasEnded = server.ended.then(() => 'ended' as const)
  const end = performance.now() + START_TIMEOUT_MS
  let failure = 'it was not asked'
  while (performance.now() < end) {
    const answer = await makeBucket(gcs).catch((error: Error) => error)
    if (answer === undefined) return undefined
    failure = answer.message
    if ((await Promise.race([hasEnded, delay(PROBE_PAUSE_MS)])) === 'ended') return 'the process ended'
  }
  return failure
}

async function makeBucket({ endpoint, bucket }: RunningGcs): Promise<undefined> {
  const answer = await fetch(`${endpoint}/storage/v1/b?project=test`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: bucket }),
  })
  if (!answer.ok) throw new Error(`The bucket was not made: ${answer.status}`)
}

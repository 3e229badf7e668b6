import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'

const START_TIMEOUT_MS = 30_000
const PROBE_PAUSE_MS = 50

/** A server on loopback and its folder. */
export interface ServerProcess {
  /** For data, certificates, and whatever a test wants to put there; the file `log` has the server's output. */
  readonly dir: string
  /** For SIGSTOP and SIGCONT: a server that hangs. */
  readonly pid: number
  /** Kills the server and removes the folder. Safe to call twice; the server also ends with the test process. */
  stop(): Promise<void>
}

/** How a server is started. */
export interface Launch {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Asks the server for something that it can do only when it serves; rejects until then. */
  ask(): Promise<unknown>
}

/**
 * Starts a server in a new folder, and resolves when it serves.
 * @throws Error with the server's output when it ends instead, or takes too long
 */
export async function startServer(title: string, prepare: (dir: string) => Promise<Launch>): Promise<ServerProcess> {
  const dir = await serverFolder()
  const { command, env = {}, ask } = await prepare(dir)
  const log = join(dir, 'log')
  const server = await startGuarded(command, env, log)
  const stop = async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  const failure = await untilServing(server, ask)
  if (failure === undefined) return { dir, pid: server.pid, stop }
  const output = await readFile(log, 'utf8')
  await stop()
  throw new Error(`${title} did not start: ${failure}\n${output}`)
}

/** A new folder for a server. */
export async function serverFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'wherry-server-'))
}

async function untilServing(server: GuardedProcess, ask: Launch['ask']): Promise<string | undefined> {
  const hasEnded = server.ended.then(() => 'ended' as const)
  const end = performance.now() + START_TIMEOUT_MS
  let failure = 'it was not asked'
  while (performance.now() < end) {
    const answer = await ask().then(
      () => undefined,
      (error: Error) => error,
    )
    if (answer === undefined) return undefined
    failure = answer.message
    if ((await Promise.race([hasEnded, delay(PROBE_PAUSE_MS)])) === 'ended') return 'the process ended'
  }
  return failure
}

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { cachePath } from '../servers/cache.ts'
import { within } from '../support/wait.ts'

/** Another test process may be stopping the last daemon, with its containers. */
const START_TIMEOUT_MS = 180_000

/**
 * Sockets and process ids. Not in the cache folder: names of sockets must be short, and nothing here outlives a boot. One
 * for each cache folder, since two daemons cannot share one.
 */
function runPath(): string {
  return `/run/wherry-docker-${createHash('sha256').update(cachePath()).digest('hex').slice(0, 8)}`
}

/** What a `docker` client needs in its environment to find the daemon and its own plugins. */
export function clientEnv(engine: string): Record<string, string> {
  return {
    DOCKER_HOST: `unix://${runPath()}/d.sock`,
    DOCKER_CONFIG: join(runPath(), 'config'),
    PATH: `${join(engine, 'bin')}:${process.env.PATH}`,
  }
}

/** A share in the running daemon. */
export interface HeldDaemon {
  /** The daemon stops, with its containers, when nobody holds it any more. Happens by itself when this process ends. */
  release(): void
}

/**
 * Starts the tests' own dockerd unless it runs, and keeps it running.
 * @param engine the folder of the engine
 * @throws Error with the daemon's output when it does not start
 */
export async function holdDaemon(engine: string): Promise<HeldDaemon> {
  const script = join(import.meta.dirname, 'daemon-hold.sh')
  // A process group of its own: Ctrl-C at a terminal is for the tests, which then let go.
  const holder = spawn(script, [engine, cachePath('docker', 'data'), runPath()], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const errors = text(holder.stderr)
  const isReady = await within('Docker', START_TIMEOUT_MS, firstLine(holder)).catch((error: unknown) => {
    holder.kill()
    throw error
  })
  if (!isReady) throw new Error(`Docker does not run: ${await errors}`)
  // It must not keep a test process alive that is done.
  for (const pipe of [holder.stdin, holder.stdout, holder.stderr]) (pipe as unknown as Socket).unref()
  holder.unref()
  return { release: () => holder.stdin.destroy() }
}

async function firstLine(holder: ChildProcessByStdio<Writable, Readable, Readable>): Promise<boolean> {
  for await (const _ of createInterface({ input: holder.stdout })) return true
  return false
}

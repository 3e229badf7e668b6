import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/**
 * Starts the program, prints its pid, and kills it when standard input ends. The pipe to this process ends however this
 * process ends, so that no crash of a test leaves a server behind. SIGKILL, since a stopped server (SIGSTOP) takes
 * nothing else, and its data is thrown away anyway.
 */
const GUARD = `
log=$1
shift
exec 3<&0
"$@" </dev/null 3<&- >>"$log" 2>&1 &
server=$!
echo $server
{ cat >/dev/null; kill -KILL $server; } <&3 >/dev/null 2>&1 &
exec 1>&- 2>/dev/null 3<&-
wait $server
`

/** A server process that ends with {@link stop}, or with this process. */
export interface GuardedProcess {
  /** The server's own. */
  readonly pid: number
  /** Resolves when the server has ended by itself or by {@link stop}. */
  readonly ended: Promise<void>
  /** Kills the server and waits for its end. Safe to call twice. */
  stop(): Promise<void>
}

/** @param logPath where the server's output is appended */
export async function startGuarded(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  logPath: string,
): Promise<GuardedProcess> {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', logPath, ...command], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(guard, 'exit').then(() => {
    guard.stdin.destroy()
  })
  const pid = await readPid(guard)
  // A server must not keep a test process alive that forgot it.
  guard.unref()
  return {
    pid,
    ended,
    stop: async () => {
      guard.ref()
      guard.stdin.destroy()
      await ended
    },
  }
}

async function readPid(guard: ChildProcessByStdio<Writable, Readable, null>): Promise<number> {
  for await (const line of createInterface({ input: guard.stdout })) return Number(line)
  throw new Error('The guard process ended before it named the pid of its server')
}

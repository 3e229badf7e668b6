import { accessSync, constants } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'

/** How long threads may take to end. A loop in JavaScript is interrupted at once. */
const THREADS_MS = 500

/**
 * Ends the process with a status whatever its threads are doing, having called the listeners of `exit`.
 * @param isStuck a thread of Node's own waits in the system
 */
export type ExitProcess = (status: number, isStuck?: boolean) => Promise<never>

/**
 * Follows the threads that are started from now on.
 * @returns what ends the process, and them
 */
export function followThreads(): ExitProcess {
  const alive = new Set<Worker>()
  process.on('worker', (thread) => {
    alive.add(thread)
    thread.once('exit', () => alive.delete(thread))
  })
  return async (status, isStuck = false) => {
    if (alive.size > 0) {
      const ends = [...alive].map((thread) => thread.terminate())
      await Promise.race([Promise.all(ends), setTimeout(THREADS_MS)])
    }
    if (alive.size > 0 || isStuck) exitNow(status)
    return process.exit(status)
  }
}

/**
 * Ends the process although a thread is stuck in the system (a dead NFS server, a FIFO that nobody writes), for which both
 * `process.exit` and `process.reallyExit` would wait for ever. execve ends all threads, and what takes over only exits.
 * The last resort is SIGKILL, and then the status is 137.
 */
function exitNow(status: number): never {
  process.emit('exit', status)
  try {
    const node = process.execPath
    // A failing execve aborts the process (before Node 26), with a long dump.
    accessSync(node, constants.X_OK)
    const env = Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_'))
    process.execve?.(node, [node, '--eval', `process.exit(${status})`], Object.fromEntries(env))
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
  throw new Error('Unreachable: the process has killed itself')
}

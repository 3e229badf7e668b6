import type { Worker } from 'node:worker_threads'

/**
 * Resolves when a thread runs its own code, or has ended. Before that it must not be terminated, nor may the process exit:
 * now and then V8 aborts the process when a thread's start is interrupted (Node 24.21).
 */
export function hasStarted(thread: Worker): Promise<unknown> {
  return new Promise((resolve) => thread.once('online', resolve).once('exit', resolve))
}

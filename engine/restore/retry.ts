import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { cancelled, throwIfAborted } from '../storage/abort.ts'

/**
 * Runs `call` again, after longer and longer waits, while the storage cannot be reached. The only place of a restore that
 * does: what is inside must not retry, and every call begins anew.
 *
 * @param what for messages, like "The download of KEY"
 * @throws the last error of `call`; WherryError ERR_CANCELLED
 */
export async function whileUnreachable<T>(
  what: string,
  call: () => Promise<T>,
  delaysMs: readonly number[],
  logger: Logger,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    throwIfAborted(signal, what)
    try {
      return await call()
    } catch (error) {
      const delayMs = delaysMs[failures]
      if (!hasCode(error, 'ERR_STORAGE_UNREACHABLE') || delayMs === undefined) throw error
      logger.warn('storage cannot be reached, trying again', { error: error.message, wait: `${delayMs}ms` })
      await wait(delayMs, what, signal)
    }
  }
}

async function wait(delayMs: number, what: string, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal })
  } catch {
    throw cancelled(what, signal)
  }
}

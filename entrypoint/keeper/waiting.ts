import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WherryError } from '../../engine/index.ts'

/** Waits for `promise` to settle, `ms` at most. @returns false when that was not enough */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = new AbortController()
  const late = sleep(ms, false, { signal: settled.signal }).catch(() => true)
  const inTime = promise.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([inTime, late])
  } finally {
    settled.abort()
  }
}

/**
 * The outcome of `promise`, for which nobody waits longer than until `graceMs` after `signal` aborts.
 * @throws ERR_CANCELLED then
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal, graceMs = 0): Promise<T> {
  const settled = new AbortController()
  try {
    return await Promise.race([promise, rejectAfter(signal, graceMs, settled.signal)])
  } finally {
    settled.abort()
  }
}

async function rejectAfter(signal: AbortSignal, graceMs: number, settled: AbortSignal): Promise<never> {
  try {
    if (!signal.aborted) await once(signal, 'abort', { signal: settled })
    if (graceMs > 0) await sleep(graceMs, undefined, { signal: settled })
  } catch {
    // The race is over.
  }
  throw new WherryError('ERR_CANCELLED', 'Cancelled')
}

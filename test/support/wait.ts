import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** @default 15000 */
  readonly timeoutMs?: number
  /** Gap between two looks. @default 20 */
  readonly everyMs?: number
  /** Added to the error: what is known about why it did not happen. */
  readonly explain?: () => string
}

/**
 * Waits until `look` gives something other than undefined or false, and returns it.
 * @throws Error that says `what` did not happen in time
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 15_000
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) {
      throw new Error(
        `${what}: not within ${timeoutMs} ms${options.explain === undefined ? '' : `\n${options.explain()}`}`,
      )
    }
    await sleep(options.everyMs ?? 20)
  }
}

/** The promise's value, or an error that names `what` when it takes longer than `timeoutMs`. */
export async function within<T>(
  what: string,
  timeoutMs: number,
  promise: Promise<T>,
  explain?: () => string,
): Promise<T> {
  const late = Symbol('late')
  const stop = new AbortController()
  const timer = sleep(timeoutMs, late, { signal: stop.signal }).catch(() => late)
  const first = await Promise.race([promise, timer]).finally(() => stop.abort())
  if (first === late) {
    throw new Error(`${what}: not within ${timeoutMs} ms${explain === undefined ? '' : `\n${explain()}`}`)
  }
  return first as T
}

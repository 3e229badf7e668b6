import type { Readable } from 'node:stream'
import { WherryError } from '../errors.ts'

/** The error of a call whose signal was aborted; the signal's reason is its cause. */
export function cancelled(what: string, signal: AbortSignal): WherryError {
  return new WherryError('ERR_CANCELLED', `${what} was cancelled`, { cause: signal.reason })
}

/** @throws WherryError ERR_CANCELLED when `signal` is aborted already */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw cancelled(what, signal)
}

/**
 * `promise`, or ERR_CANCELLED as soon as `signal` is aborted. What stands behind the promise runs on: only for work that
 * cannot be stopped and leaves nothing behind.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(cancelled(what, signal))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([aborted, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The items of `source`, or ERR_CANCELLED as soon as `signal` is aborted, also while the next item is being waited for. */
export async function* abortable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
  what: string,
): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const item = await untilAborted(items.next(), signal, what)
      if (item.done === true) {
        ended = true
        return
      }
      yield item.value
    }
  } finally {
    // A generator that still waits inside next() takes the return afterwards: waiting for it here could take for ever.
    const returned = ended ? undefined : items.return?.().catch(() => {})
    if (!signal?.aborted) await returned
  }
}

/** Ends `stream` with ERR_CANCELLED when `signal` is aborted. */
export function cancelOnAbort(stream: Readable, signal: AbortSignal | undefined, what: string): void {
  if (signal === undefined) return
  const onAbort = () => stream.destroy(cancelled(what, signal))
  signal.addEventListener('abort', onAbort, { once: true })
  stream.once('close', () => signal.removeEventListener('abort', onAbort))
  if (signal.aborted) onAbort()
}

/** Longest time for a request without a body to speak of, from its beginning to the end of its answer. */
const BASE_MS = 60_000

/** A body that travels more slowly than this, in bytes a second, is given up. 8 MiB then take 9 minutes. */
const LEAST_RATE = 16 << 10

/** How long a request that sends so many bytes may take. */
export function limitMsFor(bodyBytes: number): number {
  return BASE_MS + (bodyBytes / LEAST_RATE) * 1000
}

/**
 * Runs `work` with a signal that aborts as `signal` does, and after `limitMs`: silence ends a connection, but a service
 * that sends a byte now and then would hold a request for ever.
 * @throws an error named TimeoutError after `limitMs`; else what the work throws
 */
export async function limited<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: it would add to a signal that lives as long as the process, one entry a request.
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    stop.abort()
  }, limitMs)
  try {
    return await work(stop.signal)
  } catch (error) {
    if (!isLate || signal?.aborted) throw error
    throw Object.assign(new Error('The request took too long', { cause: error }), { name: 'TimeoutError' })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

import type { Transform } from 'node:stream'

/** What a body that is waited for must bring in a span of time, or it is given up. */
export interface LeastPace {
  readonly bytes: number
  readonly everyMs: number
}

/** A KiB a second: nothing that could be restored with. */
export const LEAST_PACE: LeastPace = { bytes: 30 << 10, everyMs: 30_000 }

/**
 * Calls `onSlow` when less than the pace came through `checked` in a span in which its reader had taken all that there was.
 * @param received bytes so far
 * @returns ends the watch
 */
export function keepPace(checked: Transform, received: () => number, pace: LeastPace, onSlow: () => void): () => void {
  let before = received()
  const timer = setInterval(() => {
    const isWaiting = checked.readableLength === 0 && checked.writableLength === 0
    if (isWaiting && received() - before < pace.bytes) onSlow()
    before = received()
  }, pace.everyMs)
  return () => clearInterval(timer)
}

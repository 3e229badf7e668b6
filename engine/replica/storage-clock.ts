import type { Logger } from '../log.ts'

/** A difference that a person should know of; smaller ones are usual. */
const WORTH_TELLING_MS = 30_000

/** When a snapshot was stored: its time as the storage lists it, and by this process's monotonic clock. */
export interface StoredAt {
  readonly listed: Date
  readonly beganAtMs: number
  readonly endedAtMs: number
}

/**
 * What the clock of a storage shows, by which the ages of its objects go. This machine's clock is believed as long as the
 * newest observation bears it out. Else time runs on from there: a clock that is set meanwhile does no harm.
 */
export class StorageClock {
  readonly #logger: Logger
  #observed: StoredAt | undefined
  #isTold = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get nowMs(): number {
    const here = Date.now()
    if (this.#observed === undefined) return here
    const { listed, beganAtMs, endedAtMs } = this.#observed
    // S3 gives an upload in parts the time of its beginning, others that of its end.
    const sinceMs = (atMs: number): number => listed.getTime() + performance.now() - atMs
    return Math.min(Math.max(here, sinceMs(endedAtMs)), sinceMs(beganAtMs))
  }

  observe(stored: StoredAt): void {
    this.#observed = stored
    const aheadMs = this.nowMs - Date.now()
    if (this.#isTold || Math.abs(aheadMs) < WORTH_TELLING_MS) return
    this.#isTold = true
    this.#logger.warn(
      `the storage's clock is ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's, retention goes by it`,
      {
        by: `${Math.round(Math.abs(aheadMs) / 1000)}s`,
        hint: "set the clock that is wrong: a restore to a time goes by the storage's",
      },
    )
  }
}

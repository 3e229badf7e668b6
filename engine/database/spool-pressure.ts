import type { Logger } from '../log.ts'
import type { ReplicaFeed } from './replica-feed.ts'
import type { Spool } from './spool.ts'

/** What happens when the spool is full: a replica that fails must not hold up one that keeps up. */
export class SpoolPressure {
  readonly #spool: Spool
  readonly #logger: Logger
  #isWarned = false

  constructor(spool: Spool, logger: Logger) {
    this.#spool = spool
    this.#logger = logger
  }

  /** Everything could be copied. */
  ended(): void {
    this.#isWarned = false
  }

  /** Lets laggards give up, which begin again when they can; when there are none, the WAL has to grow. */
  onFull(feeds: readonly ReplicaFeed[]): void {
    for (const feed of feeds) feed.committed()
    const bytes = this.#spool.sizeBytes
    const laggards = feeds.filter((feed) => feed.isFailing && feed.backlogBytes > bytes / 2)
    if (laggards.length > 0 && laggards.length < feeds.length) {
      for (const feed of laggards) feed.giveUp()
    } else if (!this.#isWarned) {
      this.#isWarned = true
      this.#logger.warn('spool is full, the WAL grows until a replica takes its segments', { bytes })
    }
  }
}

import type { SegmentInfo } from '../storage/client.ts'
import type { Downloads } from './downloads.ts'
import type { RestoreTuning } from './tuning.ts'

/** How many segments may wait to be used, for each one that is being downloaded: one slow answer must not stop the rest. */
const LOOKAHEAD = 4

/**
 * Fetches segments ahead of their use, in the order of their use: `parallelism` at a time, with a bound on what waits in
 * memory. Segments too large for that are left to be streamed when their turn comes.
 */
export class Prefetch {
  readonly #segments: readonly SegmentInfo[]
  readonly #downloads: Downloads
  readonly #parallelism: number
  readonly #tuning: RestoreTuning
  readonly #fetched = new Map<SegmentInfo, Promise<Buffer>>()
  #next = 0
  #active = 0
  #waitingBytes = 0

  constructor(segments: readonly SegmentInfo[], downloads: Downloads, parallelism: number, tuning: RestoreTuning) {
    this.#segments = segments.filter(({ sizeBytes }) => sizeBytes <= tuning.fetchLimitBytes)
    this.#downloads = downloads
    this.#parallelism = parallelism
    this.#tuning = tuning
  }

  /** The segment's stored bytes; undefined when it has to be streamed. Each segment can be taken once. */
  async take(segment: SegmentInfo): Promise<Buffer | undefined> {
    this.#fill()
    const fetched = this.#fetched.get(segment)
    if (fetched === undefined) return undefined
    try {
      return await fetched
    } finally {
      this.#fetched.delete(segment)
      this.#waitingBytes -= segment.sizeBytes
      this.#fill()
    }
  }

  /** Resolves when nothing is being fetched any more; cancelling is the downloads' signal's part. */
  async settled(): Promise<void> {
    this.#next = this.#segments.length
    await Promise.allSettled(this.#fetched.values())
  }

  #fill(): void {
    while (this.#active < this.#parallelism && this.#fetched.size < LOOKAHEAD * this.#parallelism) {
      const segment = this.#segments[this.#next]
      if (segment === undefined) return
      const isFull = this.#waitingBytes + segment.sizeBytes > this.#tuning.aheadLimitBytes
      if (isFull && this.#fetched.size > 0) return
      this.#next++
      this.#waitingBytes += segment.sizeBytes
      this.#fetched.set(segment, this.#fetch(segment))
    }
  }

  #fetch(segment: SegmentInfo): Promise<Buffer> {
    this.#active++
    const fetched = this.#downloads.wholeSegment(segment).finally(() => {
      this.#active--
      this.#fill()
    })
    // Whoever takes it sees its error; until then, or when nobody does any more, it is no unhandled rejection.
    fetched.catch(() => {})
    return fetched
  }
}

import type { Segment } from '../database/segment.ts'

/** How long what one replica does not have yet has been known. Times are on the monotonic clock. */
export class Lag {
  #seenAt = new WeakMap<Segment, number>()
  /** When the oldest commit was noticed that is not copied yet. */
  #uncopiedSince: number | undefined
  /** When the oldest commit was noticed that is not stored yet. A replica that was never met lags since the start. */
  #since: number | undefined = performance.now()

  get ms(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since
  }

  /** There may be a commit. */
  seen(): void {
    const now = performance.now()
    this.#uncopiedSince ??= now
    this.#since ??= now
  }

  /** What was committed so far is in this segment, and those before. */
  copied(segment: Segment): void {
    this.seen()
    this.#seenAt.set(segment, this.#uncopiedSince ?? performance.now())
    this.#uncopiedSince = undefined
  }

  /** A copy that began at `since` left nothing uncopied. */
  copiedAll(since: number): void {
    if (this.#uncopiedSince !== undefined && this.#uncopiedSince <= since) this.#uncopiedSince = undefined
  }

  /** All but `next` and what follows is stored; undefined when no segment waits. */
  stored(next: Segment | undefined): void {
    this.#since = next === undefined ? this.#uncopiedSince : (this.#seenAt.get(next) ?? this.#since)
  }
}

const FIRST_MS = 250
const LONGEST_MS = 30_000

/** Growing waits between failed tries, with jitter so that replicas that failed together do not come back together. */
export class Backoff {
  #failures = 0

  get failures(): number {
    return this.#failures
  }

  /** The wait in ms after one more failure. */
  next(random: () => number = Math.random): number {
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures)
    this.#failures++
    return full * (0.5 + random() / 2)
  }

  reset(): void {
    this.#failures = 0
  }
}

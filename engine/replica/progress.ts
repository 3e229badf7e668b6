import type { WalMark } from '../format/wal-mark.ts'

/** How far a replica is stored, for those who wait for it. */
export class Progress {
  #index = 0
  #offset = 0
  #waiters: (() => void)[] = []

  get stored(): { index: number; offset: number } {
    return { index: this.#index, offset: this.#offset }
  }

  advance(index: number, offset: number): void {
    this.#index = index
    this.#offset = offset
    this.wake()
  }

  hasReached({ index, offset }: Pick<WalMark, 'index' | 'offset'>): boolean {
    return this.#index > index || (this.#index === index && this.#offset >= offset)
  }

  hasPassed(mark: WalMark): boolean {
    return this.hasReached(mark) && (this.#index !== mark.index || this.#offset !== mark.offset)
  }

  /** Lets everyone who waits look at their condition again. */
  wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves when `condition` holds after an advance or a wake; rejects when `signal` aborts. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(signal.reason)
        signal.addEventListener('abort', stop, { once: true })
        this.#waiters.push(() => {
          signal.removeEventListener('abort', stop)
          resolve()
        })
      })
    }
  }
}

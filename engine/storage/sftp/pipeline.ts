/**
 * Requests on their way at once, up to a limit. It hides the latency of a far server; the limit bounds what they hold in
 * memory.
 */
export class Pipeline {
  readonly #limit: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Sends one more as soon as there is room. Throws what an earlier one failed with. */
  async add(send: () => Promise<unknown>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running)
    this.#throwFailure()
    const running = send().then(
      () => {
        this.#running.delete(running)
      },
      (error: unknown) => {
        this.#running.delete(running)
        this.#failure ??= { error }
      },
    )
    this.#running.add(running)
  }

  /** Waits for all. Throws what the first one failed with. */
  async drain(): Promise<void> {
    await Promise.all(this.#running)
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

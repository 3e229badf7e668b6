/** What came of a piece of work that is done again and again: plain data. */
export interface WorkFigures {
  /** With those that failed. */
  readonly count: number
  readonly errors: number
  /** All of it together. */
  readonly ms: number
  /** Undefined before the first time. */
  readonly lastMs: number | undefined
}

/** Counts and times a piece of work. */
export class Work {
  #figures: WorkFigures = { count: 0, errors: 0, ms: 0, lastMs: undefined }

  get figures(): WorkFigures {
    return this.#figures
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    let errors = 1
    try {
      const result = await work()
      errors = 0
      return result
    } finally {
      const lastMs = performance.now() - startedAt
      const before = this.#figures
      this.#figures = { count: before.count + 1, errors: before.errors + errors, ms: before.ms + lastMs, lastMs }
    }
  }
}

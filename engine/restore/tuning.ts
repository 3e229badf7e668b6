/** What tests make small; nobody else sets it. */
export interface RestoreTuning {
  /** Waits before the second and further tries of a download. */
  readonly retryDelaysMs: readonly number[]
  /** Segments up to this stored size are fetched ahead, as a whole. */
  readonly fetchLimitBytes: number
  /** Stored bytes fetched ahead, in all. */
  readonly aheadLimitBytes: number
  /** A longer decoded WAL goes to a temporary file. */
  readonly memoryLimitBytes: number
}

export const defaultTuning: RestoreTuning = {
  retryDelaysMs: [200, 600, 1800, 5000],
  fetchLimitBytes: 8 << 20,
  aheadLimitBytes: 32 << 20,
  memoryLimitBytes: 16 << 20,
}

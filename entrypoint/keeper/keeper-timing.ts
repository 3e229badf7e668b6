/** When the engine's thread counts as slow, failed and mended. Times are milliseconds. */
export interface KeeperTiming {
  /** From an answer to the next question. */
  readonly beatMs: number
  /** Gap between two looks whether the answer is there. */
  readonly lookMs: number
  /** Without an answer for so long it is not ready. */
  readonly slowMs: number
  /** Without an answer for so long it has failed. */
  readonly failedMs: number
  /** How long a thread that was told to end may take. */
  readonly endMs: number
  /** How long the close may go on after it was told not to wait any longer. */
  readonly closeMs: number
  /** Wait before the first restart; `continue` doubles it from failure to failure. */
  readonly restartMs: number
  readonly longestRestartMs: number
  /** A failure this long after the last restart counts as the first one again. */
  readonly forgetMs: number
}

export const keeperTiming: KeeperTiming = {
  // A question and its answer wake two threads out of cold caches: 1 ms of CPU, and an idle Wherry has 0.5 ms a second for
  // everything. Whoever asks for readiness asks the thread too, and a thread that ends says so at once.
  beatMs: 10_000,
  lookMs: 1000,
  // A checkpoint or the recovery of a large WAL blocks the thread for seconds on a slow disk, in one call into SQLite.
  // That is no failure; yet nothing is replicated meanwhile, which whoever asks for readiness should know.
  slowMs: 5000,
  // 1 GiB at 40 MB/s, the sequential speed of the smallest cloud disks, is 26 s. What takes longer is a loop or a call
  // that never returns.
  failedMs: 30_000,
  // JavaScript is interrupted at once; a call into the system cannot be, and may end by itself or never.
  endMs: 5000,
  closeMs: 1000,
  restartMs: 1000,
  longestRestartMs: 60_000,
  forgetMs: 600_000,
}

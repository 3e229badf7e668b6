export type CheckpointMode = 'PASSIVE' | 'FULL' | 'RESTART' | 'TRUNCATE'

/** What the writer process does, as JSON in its first argument. */
export interface WriterOptions {
  readonly path: string
  /** Where each returned commit is noted; see {@link acknowledgements}. */
  readonly acknowledgePath?: string
  /** @default 1 */
  readonly seed?: number
  /** Of a new database. @default 4096 */
  readonly pageSize?: number
  /** Of a new database: 2 allows incremental_vacuum. @default 0 */
  readonly autoVacuum?: 0 | 1 | 2
  /** @default 'NORMAL' */
  readonly synchronous?: 'OFF' | 'NORMAL' | 'FULL'
  /** 0 is as fast as it goes. @default 0 */
  readonly commitsPerSecond?: number
  /** Least and most bytes of a row's payload. @default [20, 400] */
  readonly rowBytes?: readonly [number, number]
  /** Payload that does not compress. @default true */
  readonly incompressible?: boolean
  /** Most row changes of a usual transaction. @default 3 */
  readonly rowsPerCommit?: number
  /** Share of row changes that update, and that delete, instead of inserting. @default 0.2 and 0.1 */
  readonly updateShare?: number
  readonly deleteShare?: number
  /** Share of transactions before which another one is rolled back, that have a savepoint rolled back, that are big. @default 0 */
  readonly rollbackShare?: number
  readonly savepointShare?: number
  readonly bigShare?: number
  /** Rows that a big transaction inserts. @default 2000 */
  readonly bigRows?: number
  /** SQLite's page cache in pages: few make uncommitted frames go to the WAL. @default 2000 */
  readonly cachePages?: number
  /** @default 1000, SQLite's own */
  readonly autocheckpointPages?: number
  /** Checkpoints of the app's own, taking turns through `modes`. */
  readonly checkpoints?: {
    readonly everyMs: number
    readonly modes: readonly CheckpointMode[]
    /** How long a checkpoint waits for readers, holding up the writer. */
    readonly busyTimeoutMs: number
  }
  /** VACUUM this often; 0 for never. @default 0 */
  readonly vacuumEveryMs?: number
  /** How long a commit waits for the writer lock. @default 5000 */
  readonly busyTimeoutMs?: number
  /** Stop after this time or this many commits; 0 for no bound. @default 0 */
  readonly durationMs?: number
  readonly maxCommits?: number
}

/** What the writer prints as its last line. */
export interface WriterReport {
  readonly commits: number
  readonly rollbacks: number
  /** Attempts that SQLite answered with SQLITE_BUSY; each was repeated. */
  readonly busyCommits: number
  readonly checkpoints: Readonly<Record<CheckpointMode, { done: number; busy: number }>>
  readonly vacuums: number
  readonly elapsedMs: number
  /** The longest that one commit took. */
  readonly worstCommitMs: number
}

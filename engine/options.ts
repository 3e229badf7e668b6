/** What the engine is told: resolved, absolute, plain data (it crosses to the worker thread by structured clone). */
import type { ReplicaPlace } from './storage/options.ts'

export interface ReplicaOptions extends ReplicaPlace {
  /** Unique within its database. */
  readonly name: string
  /** Least time between two uploads. */
  readonly syncIntervalMs: number
  /** How long snapshots and the WAL after them are kept; 0 keeps everything. */
  readonly retentionMs: number
  readonly retentionCheckIntervalMs: number
  /** 0: snapshots only when a generation starts and when retention needs one. */
  readonly snapshotIntervalMs: number
  /** How often it is proved that the replica restores to the database; 0 for never. */
  readonly validationIntervalMs: number
}

export interface DatabaseOptions {
  /** Absolute path of the database file. */
  readonly path: string
  /** Absolute path of the folder for the engine's own state. */
  readonly metaPath: string
  /** The fallback poll, for changes that the file system did not announce; also the least gap between checkpoints. */
  readonly monitorIntervalMs: number
  /** Checkpoint at least this often while there is something to checkpoint; 0 for never by time. */
  readonly checkpointIntervalMs: number
  /** WAL frames after which a checkpoint is due. */
  readonly minCheckpointPageCount: number
  /** A WAL file that grew past this many frames is cut back at the next restart of the WAL; 0 leaves it. */
  readonly maxCheckpointPageCount: number
  /** Bound of the segments kept locally for replicas that lag; beyond it the WAL grows instead. */
  readonly spoolLimitBytes: number
  /**
   * What happens when a replica holds newer data than the database, or another database's: nothing is written there, or what
   * it holds is passed over for good. `refuse-unproven`: nothing is written either where the database cannot prove to be the
   * one that is backed up there.
   */
  readonly onConflict: 'refuse' | 'refuse-unproven' | 'use-local'
  readonly replicas: readonly ReplicaOptions[]
}

/** Defaults of Litestream 0.3, and of what is ours. */
export const databaseDefaults = {
  monitorIntervalMs: 1000,
  checkpointIntervalMs: 60_000,
  minCheckpointPageCount: 1000,
  maxCheckpointPageCount: 10_000,
  spoolLimitBytes: 1 << 30,
  onConflict: 'refuse',
} as const satisfies Partial<DatabaseOptions>

export const replicaDefaults = {
  syncIntervalMs: 1000,
  retentionMs: 24 * 3_600_000,
  retentionCheckIntervalMs: 3_600_000,
  snapshotIntervalMs: 0,
  validationIntervalMs: 0,
} as const satisfies Partial<ReplicaOptions>

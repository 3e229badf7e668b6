import type { DatabaseStatus } from '../../engine/index.ts'
import type { EngineCondition } from '../keeper/engine-keeper.ts'
import type { State } from '../supervisor/lifecycle.ts'

/** A database that was restored since the start. */
export interface RestoreFigures {
  readonly path: string
  readonly elapsedMs: number
  /** Of the database. */
  readonly sizeBytes: number
  readonly downloadedBytes: number
}

/** What the supervisor knows of itself at a moment. */
export interface Vitals {
  readonly state: State
  /** `none`: there is none to run. */
  readonly app: 'none' | 'pending' | 'running' | 'ended'
  /** Every database is there, or proven to have no backup. */
  readonly isRestored: boolean
  /** The database that is being restored. */
  readonly restoring: string | undefined
  readonly restores: readonly RestoreFigures[]
  /** Undefined when replication is turned off. */
  readonly engine: EngineCondition | undefined
  /** All that was committed when replication began is stored. */
  readonly isFirstSyncDone: boolean
  readonly databases: readonly DatabaseStatus[]
  /** How old that is; undefined before there is any. */
  readonly statusAgeMs: number | undefined
}

export interface HealthLimits {
  /** A replica that is further behind makes Wherry not ready. */
  readonly readyLagMs: number
}

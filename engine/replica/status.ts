import type { Position } from '../format/names.ts'
import type { OperationsFigures } from '../storage/meter.ts'

/** What can be said of a replica at a moment: plain data. */
export interface ReplicaStatus {
  readonly name: string
  readonly type: string
  /** How far it is stored; undefined before the first contact. */
  readonly position: Position | undefined
  /** Everything that was copied is stored, and there is a snapshot to restore it on. */
  readonly isSynced: boolean
  /** 0 when everything that is committed is stored; else how long the oldest commit that is not has been known. */
  readonly lagMs: number
  readonly lastError: string | undefined
  readonly figures: ReplicaFigures
}

/** What is counted of one replica. Counters begin with the engine. Times are milliseconds since 1970. */
export interface ReplicaFigures {
  /** WAL that was stored, uncompressed, with its headers. */
  readonly shippedBytes: number
  /** When a sync ended well the last time; syncs come with commits, and when something failed before. */
  readonly lastSyncAt: number | undefined
  /** The newest of the present generation; undefined when there is none, or none is known yet. */
  readonly lastSnapshot: { readonly at: number; readonly sizeBytes: number } | undefined
  /** Syncs and snapshots that failed, by error code; `other` for what is no error of Wherry's. */
  readonly failures: Readonly<Record<string, number>>
  readonly validations: ValidationFigures
  /** What was asked of the storage. */
  readonly operations: OperationsFigures
}

/** What came of validations; those that said nothing, as the storage did not answer or there was no room, do not count. */
export interface ValidationFigures {
  readonly ok: number
  readonly mismatches: number
  readonly lastOkAt: number | undefined
}

import type { Position } from '../format/names.ts'

/** What can be said of a replica at a moment. */
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
}

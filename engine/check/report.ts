import type { Position } from '../format/names.ts'
import type { Doubt } from '../restore/doubts.ts'

/** What is to be checked of a replica. */
export interface CheckRequest {
  /** Only this generation. */
  readonly generation?: string
  /** Every object is read, but nothing is restored. */
  readonly quick: boolean
  /** How many objects to download at a time. @default 8 */
  readonly parallelism?: number
  /** Names for a copy of the database, which stands there for a while with a suffix; the first one with room is taken. */
  readonly copyPaths: readonly string[]
}

/**
 * What a fault means for restores: the newest state of the replica cannot be restored, or only states before the newest
 * snapshot or of older generations; or no restore needs the object.
 */
export type Affected = 'newest' | 'older' | 'nothing'

/** Something about an object that is not as it should be. */
export interface Fault {
  readonly generation: string
  /** Key of the object, or of the folder, below the replica's root. */
  readonly object: string
  /** A sentence without period that names the object. */
  readonly problem: string
  readonly affects: Affected
  /** A clause for people. */
  readonly consequence: string
}

/**
 * `ok`: every object is whole and fits to its neighbours. `no snapshot`: WAL alone, which no restore uses; a first snapshot
 * may be under way. `changing`: objects went away as fast as they were looked at, as when retention deletes it.
 */
export type GenerationVerdict = 'ok' | 'damaged' | 'no snapshot' | 'changing'

export interface GenerationReport {
  readonly generation: string
  readonly verdict: GenerationVerdict
  readonly snapshots: number
  readonly segments: number
  /** Stored bytes. */
  readonly sizeBytes: number
  /** When the oldest and the newest object were stored. */
  readonly from: Date
  readonly to: Date
}

/** The copy of the newest state that was restored. */
export interface CopyReport {
  readonly position: Position
  readonly updatedAt: Date
  readonly pages: number
  readonly sizeBytes: number
  readonly elapsedMs: number
  /** What SQLite says of it; `unknown` where it needs functions or collations that only the app has. */
  readonly integrity: 'ok' | 'damaged' | 'unknown'
  /** Why, for `unknown`. */
  readonly integrityNote: string | undefined
}

/** What was found out about a replica. `empty`: it answered, and there is nothing. */
export interface ReplicaReport {
  readonly verdict: 'ok' | 'damaged' | 'empty'
  /** The generation that a restore takes. */
  readonly newest: string | undefined
  /** Sorted by the time of their newest object. */
  readonly generations: readonly GenerationReport[]
  readonly faults: readonly Fault[]
  /** Generations that may be newer than `newest`. */
  readonly doubts: readonly Doubt[]
  /** Undefined when nothing was restored: a quick check, or nothing that could be. */
  readonly copy: CopyReport | undefined
  /** Why this machine had no place for a copy. */
  readonly noCopy: string | undefined
}

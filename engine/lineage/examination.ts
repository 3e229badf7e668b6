import type { ErrorCode } from '../errors.ts'

/**
 * What is at a database's path: nothing, a file of 0 bytes, a database without tables of its own, something that is no
 * database, or a database.
 */
export type LocalDatabase = 'missing' | 'empty' | 'blank' | 'invalid' | 'present'

/**
 * How the newest that a replica holds relates to the local database: part of its own history; further than it; written by
 * somebody else after it; or nothing that the local state could tell.
 */
export type Relation = 'same' | 'behind' | 'superseded' | 'unproven'

/** What one replica answered. */
export type ReplicaFinding = { readonly name: string } & (
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'holds'
      /** The newest generation that can be restored, and when it was last stored to. */
      readonly generation: string
      readonly updatedAt: Date
      /** Only for a local database that is `present`. */
      readonly relation: Relation | undefined
    }
  | { readonly kind: 'unknown'; readonly code: ErrorCode; readonly message: string }
)

/** A database as it is found before anything is opened for writing. */
export interface Examination {
  readonly local: LocalDatabase
  readonly replicas: readonly ReplicaFinding[]
}

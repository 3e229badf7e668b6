import type { SegmentInfo, SnapshotInfo } from '../storage/client.ts'

/** Which state to restore: the newest of the newest generation, unless one of these says otherwise. */
export interface RestoreTarget {
  readonly generation?: string
  /** Highest WAL index to apply; one above the newest index restores everything. */
  readonly index?: number
  /** The state that was stored at this time; a time after the last upload restores everything. */
  readonly timestamp?: Date
}

/** What a replica lists of one generation, sorted by index and offset. */
export interface GenerationListing {
  readonly generation: string
  readonly snapshots: readonly SnapshotInfo[]
  readonly segments: readonly SegmentInfo[]
}

/** True for an object that was stored after the target's time. */
export function isTooNew({ createdAt }: { readonly createdAt: Date }, { timestamp }: RestoreTarget): boolean {
  return timestamp !== undefined && createdAt > timestamp
}

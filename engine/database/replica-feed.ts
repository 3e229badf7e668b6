import type { Position } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { DatabaseLineage } from '../lineage/database-lineage.ts'
import type { Segment } from './segment.ts'

/** What a database tells each of its replicas. Calls come in order and must not throw. */
export interface ReplicaFeed {
  /** Something was committed that is not copied yet, or a new generation began. */
  committed(): void
  /** A stretch of WAL was copied; the receiver releases its body when it is stored or no longer wanted. */
  segment(segment: Segment): void
  /** Compressed bytes that wait for this replica. */
  readonly backlogBytes: number
  /** The last try failed. */
  readonly isFailing: boolean
  /** Gives up all that waits; the receiver begins again where the live WAL or a snapshot allows. */
  giveUp(): void
}

/** The database file as it stands still during {@link ReplicaSource.withSnapshot}. */
export interface SnapshotImage {
  readonly generation: string
  /** How far the database was copied when the image was made: what comes later is not in it. */
  readonly copied: WalMark
  /**
   * The file, with the WAL of this index replayed at least up to here, is a committed state. Offset 0: the file alone is,
   * since nobody can change it before the next checkpoint.
   */
  readonly needs: WalMark
  readonly sizeBytes: number
  /** The WAL of the index from its start up to `copied`; empty unless it was asked for. */
  readonly wal: readonly Segment[]
  /** Reads from the file; fewer bytes at its end. */
  read(into: Buffer, position: number): Promise<number>
}

/** A stretch of the live WAL that was copied before, as segments up to `end`; none when it is empty. */
export interface ReadBack {
  readonly segments: readonly Segment[]
  readonly end: WalMark
}

/** What a replica asks of its database. */
export interface ReplicaSource {
  readonly path: string
  /** Must be asked before the first byte goes to a replica. */
  readonly lineage: Pick<DatabaseLineage, 'admit' | 'isPassedOver' | 'surpass'>
  /** Where copying stands; undefined while the database is not open. */
  readonly position: Position | undefined
  readonly pageSize: number | undefined
  /** True for a generation that this process began: no replica holds anything of it yet. */
  isNewGeneration(generation: string): boolean
  /** Copies all that is committed and hands it to every feed. False when the spool is full before that. */
  copy(): Promise<boolean>
  /** The live WAL from `offset` to where it is copied, if it has that checksum at `offset`; undefined if it does not. */
  readBack(generation: string, offset: number, checksum: WalMark['checksum'] | undefined): Promise<ReadBack | undefined>
  /**
   * Runs `use` while no checkpoint changes the file. `signal` aborts when the generation ends; `use` must then end, and
   * must not call back here.
   */
  withSnapshot<T>(
    options: { readonly wal: boolean },
    use: (image: SnapshotImage, signal: AbortSignal) => Promise<T>,
  ): Promise<T>
  /** Ends `generation`, if it is still the present one, and begins another. */
  startGeneration(generation: string, reason: string): Promise<void>
}

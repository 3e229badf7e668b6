import type { Position } from '../format/names.ts'
import type { Checksum } from '../format/wal.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { SpooledBody } from './spool.ts'

/** A stretch of one WAL, compressed once, on its way to the replicas. All of them get the same bytes. */
export interface Segment extends Position {
  /** Uncompressed bytes; the next segment of this index starts at `offset + size`. */
  readonly size: number
  /** The WAL's cumulative checksum at `offset`. */
  readonly start: Checksum
  /** The mark at the segment's end. */
  readonly end: WalMark
  /** On the first segment of an index that continues another: where that one ended. */
  readonly previousEnd: WalMark | undefined
  readonly body: SpooledBody
}

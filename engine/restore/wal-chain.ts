import { WherryError } from '../errors.ts'
import { keys } from '../format/names.ts'
import { frameSize, WAL_HEADER_SIZE, type WalHeader } from '../format/wal.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { SegmentInfo, SnapshotInfo } from '../storage/client.ts'
import { missing, type PlannedIndex } from './plan.ts'
import { checksumAt, type WalScan } from './wal-scan.ts'
import type { WalStore } from './wal-store.ts'

/**
 * Within a generation salt-1 goes up by one from index to index, or is drawn anew when another process restarts the WAL.
 * So an index that is a few steps behind the one before it is in the wrong place; a random draw lands there once in a
 * million times.
 */
const STEPS_BACK = 4096

interface Link {
  readonly header: WalHeader
  readonly first: SegmentInfo
  /** The end of the index before it, when the writer recorded it. */
  readonly before: WalMark | undefined
}

/** A snapshot was stored after the time asked for, as its WAL shows, though its own time is before: see requireSnapshot. */
export class SnapshotAhead extends WherryError {
  readonly snapshot: SnapshotInfo

  constructor(snapshot: SnapshotInfo, needed: SegmentInfo) {
    const key = keys.snapshot(snapshot.generation, snapshot.index)
    const time = needed.createdAt.toISOString()
    super(
      'ERR_NO_BACKUP',
      `No matching backups found: ${key} needs ${keys.segment(needed)}, which was stored at ${time}`,
    )
    this.snapshot = snapshot
  }
}

/** Holds neighbouring WAL indexes against each other, from the newest to the oldest, and the snapshot against the oldest. */
export class WalChain {
  readonly #store: WalStore
  #oldest: Link | undefined

  /** @param store holds the index that was prepended last */
  constructor(store: WalStore) {
    this.#store = store
  }

  /**
   * @param before the mark that the index's first segment carries
   * @throws WherryError ERR_REPLICA_DAMAGED when the index is not the one before those already here
   */
  prepend({ index, segments }: PlannedIndex, { header, commitEnd }: WalScan, before: WalMark | undefined): void {
    const [first] = segments
    const last = segments.at(-1)
    if (first === undefined || last === undefined) throw new RangeError(`WAL index ${index} has no segments`)
    if (before !== undefined && before.index !== index - 1) {
      damaged(`${keys.segment(first)} is of index ${before.index + 1}`)
    }
    if (this.#oldest !== undefined) {
      if (commitEnd !== this.#store.length) {
        throw missing({ ...last, offset: this.#store.length }, `${keys.segment(last)} ends inside a transaction`)
      }
      this.#requireNeighbour(this.#oldest, header, first, last)
    }
    this.#oldest = { header, first, before }
  }

  /**
   * @param mark what the snapshot needs of the WAL of its index
   * @param tooNew the first segment that was left out because of its time
   * @throws SnapshotAhead when that segment is needed; WherryError ERR_REPLICA_DAMAGED when the WAL is not the snapshot's
   */
  requireSnapshot(snapshot: SnapshotInfo, mark: WalMark, tooNew: SegmentInfo | undefined): void {
    const key = keys.snapshot(snapshot.generation, snapshot.index)
    if (mark.index !== snapshot.index) damaged(`${key} is the snapshot of index ${mark.index}`)
    const oldest = this.#oldest
    if (oldest === undefined) {
      // A header alone holds no page: without it there is nothing to apply, and nothing is lost.
      if (mark.offset > WAL_HEADER_SIZE) throw unreached(snapshot, mark, 0, tooNew)
      return
    }
    if (mark.offset === 0) {
      if (hasSalts(mark) && !isOf(mark, oldest.header)) damaged(`${key} does not belong to its WAL`)
      return
    }
    if (mark.offset > this.#store.length) throw unreached(snapshot, mark, this.#store.length, tooNew)
    if (!this.#shows(mark, oldest.header)) damaged(`${key} does not belong to its WAL`)
  }

  #requireNeighbour(next: Link, header: WalHeader, first: SegmentInfo, last: SegmentInfo): void {
    if (header.pageSize !== next.header.pageSize) {
      damaged(`${keys.segment(next.first)} has page size ${next.header.pageSize}, the index before ${header.pageSize}`)
    }
    if (next.before === undefined) {
      const steps = (next.header.salt1 - header.salt1) >>> 0
      if (steps === 0 || steps > 2 ** 32 - STEPS_BACK) {
        damaged(`${keys.segment(next.first)} is not newer than ${keys.segment(first)}`)
      }
      return
    }
    const end = this.#store.length
    if (isOf(next.before, header) && end < next.before.offset) {
      throw missing({ ...last, offset: end }, `Index ${last.index} goes up to offset ${next.before.offset}`)
    }
    if (end !== next.before.offset || !this.#shows(next.before, header)) {
      damaged(`${keys.segment(next.first)} does not continue ${keys.segment(last)}`)
    }
  }

  /** True when the WAL in the store is the mark's, with the mark's content up to its offset. */
  #shows(mark: WalMark, header: WalHeader): boolean {
    const { offset, checksum } = mark
    if (!isOf(mark, header)) return false
    if (offset < WAL_HEADER_SIZE || (offset - WAL_HEADER_SIZE) % frameSize(header.pageSize) !== 0) return false
    const found = checksumAt(this.#store, header, offset)
    return found.s0 === checksum.s0 && found.s1 === checksum.s1
  }
}

function isOf({ salt1, salt2 }: WalMark, header: WalHeader): boolean {
  return salt1 === header.salt1 && salt2 === header.salt2
}

/** False for a mark that was made when there was no WAL yet. */
function hasSalts({ salt1, salt2 }: WalMark): boolean {
  return salt1 !== 0 || salt2 !== 0
}

/** The error for WAL of the snapshot's index that ends at `end`, before the mark. */
function unreached(
  snapshot: SnapshotInfo,
  { offset }: WalMark,
  end: number,
  tooNew: SegmentInfo | undefined,
): WherryError {
  if (tooNew?.index === snapshot.index) return new SnapshotAhead(snapshot, tooNew)
  const { generation, index } = snapshot
  return missing(
    { generation, index, offset: end },
    `${keys.snapshot(generation, index)} needs WAL up to offset ${offset}`,
  )
}

function damaged(why: string): never {
  throw new WherryError('ERR_REPLICA_DAMAGED', why)
}

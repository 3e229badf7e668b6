import { setImmediate } from 'node:timers/promises'
import { WherryError } from '../errors.ts'
import { encodeFrame, encodeSkippable } from '../format/lz4.ts'
import { MAX_INDEX, MAX_SEGMENT_OFFSET, type Position } from '../format/names.ts'
import { frameSize, WAL_HEADER_SIZE, type WalHeader, walSize } from '../format/wal.ts'
import { encodeWalMark, type WalMark } from '../format/wal-mark.ts'
import type { Connections } from '../sqlite/connections.ts'
import { checksumAt, READ_LIMIT, readCommitted, readWalHeader, startOf, type WalCursor } from '../sqlite/wal-reader.ts'
import { OWN_FRAMES } from './checkpoint-policy.ts'
import type { Segment } from './segment.ts'
import type { Spool } from './spool.ts'
import type { SavedState, StateFile } from './state-file.ts'

/** A WAL that does not continue what was copied: the generation ends here, with this reason. */
export class BrokenHistory extends Error {}

/** What a history reads from and writes to. */
export interface HistoryParts {
  readonly connections: Connections
  readonly spool: Spool
  readonly stateFile: StateFile
  /** Gets every segment once, in order. */
  readonly emit: (segment: Segment) => void
}

/**
 * One generation as it is being copied: which WAL (`index`) is read, how far, and the segments made of it.
 *
 * Standing on {@link Connections}' read transaction it may take every restart of the WAL that it sees as the end of a
 * fully copied index: while that transaction is held with a mark, nobody can restart the WAL; when it began on a fully
 * back-filled WAL (mark 0), nobody can back-fill what is appended later, so only a WAL to which nothing was appended can
 * be restarted. Whoever begins that transaction anew must therefore have copied everything under another guard first
 * (the write lock, or a second read transaction): see checkpoint.ts.
 */
export class History {
  readonly generation: string
  readonly #connections: Connections
  readonly #spool: Spool
  readonly #stateFile: StateFile
  readonly #emit: (segment: Segment) => void
  #index: number
  #cursor: WalCursor
  #previousEnd: WalMark | undefined
  #sequence: number | undefined

  private constructor(
    parts: HistoryParts,
    at: Pick<SavedState, 'generation' | 'previousEnd' | 'sequence'> & { index: number; cursor: WalCursor },
  ) {
    this.#connections = parts.connections
    this.#spool = parts.spool
    this.#stateFile = parts.stateFile
    this.#emit = parts.emit
    this.generation = at.generation
    this.#index = at.index
    this.#cursor = at.cursor
    this.#previousEnd = at.previousEnd
    this.#sequence = at.sequence
  }

  /**
   * A new generation whose index 0 is the WAL as it is now.
   * @param sequence what it was before that WAL
   */
  static begin(
    parts: HistoryParts,
    generation: string,
    { header, sequence }: { readonly header: WalHeader; readonly sequence: number | undefined },
  ): History {
    const cursor = startOf(header)
    const history = new History(parts, { generation, index: 0, cursor, previousEnd: undefined, sequence })
    history.#save()
    parts.stateFile.sync()
    return history
  }

  /**
   * Continues a saved generation if the live WAL proves that it goes on where the state says.
   * @returns the history, or the reason why a new generation is needed
   */
  static resume(parts: HistoryParts, saved: SavedState | undefined): History | string {
    if (saved === undefined) return 'no generation exists'
    const { mark } = saved
    const header = readWalHeader(parts.connections.walPath)
    if (header === undefined) return 'wal truncated by another process'
    if (header.salt1 !== mark.salt1 || header.salt2 !== mark.salt2) return 'wal restarted by another process'
    const sum = checksumAt(parts.connections.walPath, mark, mark.offset)
    if (sum?.s0 !== mark.checksum.s0 || sum.s1 !== mark.checksum.s1) return 'wal overwritten by another process'
    // The file may show frames of a WAL whose restart is published in SQLite's index and not yet in the header.
    const state = parts.connections.walState()
    if (state === undefined || walSize(state.walFrames, header.pageSize) < mark.offset) {
      return 'wal restarted by another process'
    }
    const cursor = { header, offset: mark.offset, checksum: mark.checksum }
    const { generation, previousEnd, sequence } = saved
    return new History(parts, { generation, index: mark.index, cursor, previousEnd, sequence })
  }

  get position(): Position {
    return { generation: this.generation, index: this.#index, offset: this.#cursor.offset }
  }

  get mark(): WalMark {
    return this.#markAt(this.#cursor)
  }

  /** The start of the present index. */
  get startMark(): WalMark {
    return this.#markAt(startOf(this.#cursor.header))
  }

  get pageSize(): number {
    return this.#cursor.header.pageSize
  }

  /** Copies all that is committed, in steps between which the thread serves others. False when the spool is full. */
  async copy(): Promise<boolean> {
    for (;;) {
      if (this.#spool.isFull) return false
      if (this.#step() === 'done') return true
      await setImmediate()
    }
  }

  /**
   * The same without a pause and whatever the spool's bound, for when a lock is held: what is not copied now may be gone
   * when it is given back.
   */
  copyNow(): void {
    while (this.#step() !== 'done');
  }

  /**
   * Segments of the live WAL from `offset` to where it was copied, for a replica that has less than was handed out.
   * @returns undefined when `offset` is not a place in this WAL with that checksum
   */
  readBack(offset: number, checksum: WalMark['checksum'] | undefined): Segment[] | undefined {
    let cursor = startOf(this.#cursor.header)
    if (offset > 0) {
      const sum = this.checksumAt(offset)
      if (sum === undefined || sum.s0 !== checksum?.s0 || sum.s1 !== checksum.s1) return undefined
      cursor = { ...cursor, offset, checksum: sum }
    }
    const { pageSize } = this.#cursor.header
    const frames = (this.#cursor.offset - WAL_HEADER_SIZE) / frameSize(pageSize)
    const segments: Segment[] = []
    while (cursor.offset < this.#cursor.offset) {
      const read = readCommitted(this.#connections.walPath, cursor, frames)
      if (read.kind !== 'frames' || read.bytes.length === 0) {
        discard(segments)
        return undefined
      }
      segments.push(this.#segment(cursor, read.bytes, read.next))
      cursor = read.next
    }
    return segments
  }

  /** The live WAL's cumulative checksum at `offset`; undefined beyond its end. */
  checksumAt(offset: number): WalMark['checksum'] | undefined {
    return checksumAt(this.#connections.walPath, this.#cursor.header, offset)
  }

  #step(): 'more' | 'done' {
    // Before the WAL: the frames that are read then contain it.
    const sequence = this.#connections.sequence()
    const state = this.#connections.walState()
    // Not "done": what cannot be seen may hold the last commit.
    if (state === undefined) throw new WherryError('ERR_DATABASE_BUSY', `${this.#connections.path} is locked`)
    const read = readCommitted(this.#connections.walPath, this.#cursor, state.walFrames)
    switch (read.kind) {
      case 'absent':
        if (state.walFrames > 0) throw new BrokenHistory('wal removed by another process')
        return 'done'
      case 'broken':
        throw new BrokenHistory(read.reason)
      case 'restarted':
        this.#nextIndex(read.header)
        // At once: an index of which nothing was handed out yet looks like a gap to a replica that asks just now.
        return this.#step()
      case 'frames': {
        if (read.bytes.length === 0) return 'done'
        if (this.#cursor.offset > MAX_SEGMENT_OFFSET) throw new BrokenHistory('max offset exceeded')
        const segment = this.#segment(this.#cursor, read.bytes, read.next)
        this.#cursor = read.next
        // A WAL with nothing but the engine's own row is not worth missing.
        const isAll = read.next.offset === walSize(state.walFrames, this.pageSize)
        if (isAll && state.walFrames > OWN_FRAMES) this.#sequence = sequence
        this.#emit(segment)
        this.#save()
        return read.bytes.length > READ_LIMIT / 2 ? 'more' : 'done'
      }
    }
  }

  #nextIndex(header: WalHeader): void {
    const step = (header.salt1 - this.#cursor.header.salt1) >>> 0
    // Salt-1 grows by one a restart.
    if (step !== 1 || header.pageSize !== this.#cursor.header.pageSize) {
      throw new BrokenHistory('wal restarted by another process')
    }
    if (this.#index >= MAX_INDEX) throw new BrokenHistory('max index exceeded')
    this.#previousEnd = this.mark
    this.#index++
    this.#cursor = startOf(header)
    this.#save()
    this.#stateFile.sync()
  }

  #segment(from: WalCursor, bytes: Buffer, to: WalCursor): Segment {
    const previousEnd = from.offset === 0 ? this.#previousEnd : undefined
    const head = previousEnd === undefined ? undefined : encodeSkippable(encodeWalMark(previousEnd))
    return {
      generation: this.generation,
      index: this.#index,
      offset: from.offset,
      size: bytes.length,
      start: from.checksum,
      end: this.#markAt(to),
      previousEnd,
      body: this.#spool.add(encodeFrame(bytes, head)),
    }
  }

  #markAt(cursor: WalCursor): WalMark {
    const { salt1, salt2 } = cursor.header
    return { index: this.#index, offset: cursor.offset, salt1, salt2, checksum: cursor.checksum }
  }

  /** A failure is no reason to stop: an older state is proven, or refused, at the next start. */
  #save(): void {
    const { generation, mark } = this
    this.#stateFile.save({ generation, mark, previousEnd: this.#previousEnd, sequence: this.#sequence })
  }
}

function discard(segments: readonly Segment[]): void {
  for (const { body } of segments) {
    body.retain()
    body.release()
  }
}

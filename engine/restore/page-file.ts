import { FRAME_HEADER_SIZE, frameSize } from '../format/wal.ts'
import { writeAll, writeAllAside } from './files.ts'
import { PageSet } from './page-set.ts'

/** Pages next to each other are gathered up to this size and written in one call. */
const GATHER_SIZE = 1 << 20

/** A stretch of at least this size is written aside, while the next piece is being decoded. */
const ASIDE_SIZE = 256 << 10

/** Sort keys hold a page number (32 bits) above a frame number: together as many bits as a double is exact for. */
const FRAME_NUMBERS = 2 ** 21

/**
 * The database file in the making. Content comes newest first, WAL before the snapshot, so that what was written stays and
 * each page is written once: SQLite's own replay, oldest first, would leave the same bytes.
 */
export class PageFile {
  readonly #file: number
  readonly #path: string
  readonly #written = new PageSet()
  readonly #gathered = Buffer.allocUnsafeSlow(GATHER_SIZE)
  #pageSize: number | undefined
  #limit = Number.POSITIVE_INFINITY
  #bytesWritten = 0
  #aside: Promise<void>[] = []

  constructor(file: number, path: string) {
    this.#file = file
    this.#path = path
  }

  /** Bytes written so far, each page counted as often as it was written. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** Of what comes from now on, pages beyond this many are gone: the database was cut there, even if it grew again later. */
  limitTo(pages: number): void {
    this.#limit = Math.min(this.#limit, pages)
  }

  /**
   * Writes the pages in a stretch of WAL frames, each as the last frame has it, but for those that were written before.
   *
   * @param frames whole frames
   * @param pages the page number of each frame
   * @throws WherryError ERR_OUTPUT_ACCESS, as the other methods
   */
  addFrames(frames: Buffer, pages: Uint32Array, pageSize: number): void {
    this.#pageSize = pageSize
    const order = this.#select(pages)
    for (let from = 0; from < order.length; ) {
      const page = Math.floor((order[from] ?? 0) / FRAME_NUMBERS)
      let to = from + 1
      while (to < order.length && Math.floor((order[to] ?? 0) / FRAME_NUMBERS) === page + to - from) to++
      this.#writeFrames(frames, order.subarray(from, to), pageSize, page)
      from = to
    }
  }

  /**
   * Writes a piece of the snapshot that begins at `position`, but for the pages that were written before. The piece must
   * stay as it is until {@link settled}, since long stretches are written aside.
   */
  addImage(bytes: Buffer, position: number): void {
    const pageSize = this.#pageSize
    if (pageSize === undefined) {
      this.#writeImage(bytes, position)
      return
    }
    const end = position + bytes.length
    let run = -1
    for (let page = Math.floor(position / pageSize); page * pageSize < end; page++) {
      const isWanted = page < this.#limit && !this.#written.has(page + 1)
      if (isWanted && run === -1) run = Math.max(page * pageSize, position)
      if (isWanted || run === -1) continue
      this.#writeImage(bytes.subarray(run - position, page * pageSize - position), run)
      run = -1
    }
    if (run !== -1) this.#writeImage(bytes.subarray(run - position), run)
  }

  /** Resolves when nothing is being written any more. @throws WherryError ERR_OUTPUT_ACCESS */
  async settled(): Promise<void> {
    const aside = this.#aside
    this.#aside = []
    const failure = (await Promise.allSettled(aside)).find((write) => write.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  /** The frames to write, in the order of their pages. */
  #select(pages: Uint32Array): Float64Array {
    const selected = new Float64Array(pages.length)
    let count = 0
    for (let frame = pages.length - 1; frame >= 0; frame--) {
      const page = pages[frame] ?? 0
      if (page <= this.#limit && this.#written.add(page)) selected[count++] = page * FRAME_NUMBERS + frame
    }
    return selected.subarray(0, count).sort()
  }

  /** Writes frames of adjacent pages. */
  #writeFrames(frames: Buffer, run: Float64Array, pageSize: number, firstPage: number): void {
    let gathered = 0
    let position = (firstPage - 1) * pageSize
    for (const key of run) {
      const start = (key % FRAME_NUMBERS) * frameSize(pageSize) + FRAME_HEADER_SIZE
      if (run.length === 1) {
        this.#write(frames.subarray(start, start + pageSize), position)
        return
      }
      gathered += frames.copy(this.#gathered, gathered, start, start + pageSize)
      if (gathered + pageSize <= GATHER_SIZE) continue
      this.#write(this.#gathered.subarray(0, gathered), position)
      position += gathered
      gathered = 0
    }
    if (gathered > 0) this.#write(this.#gathered.subarray(0, gathered), position)
  }

  #writeImage(bytes: Buffer, position: number): void {
    if (bytes.length < ASIDE_SIZE) {
      this.#write(bytes, position)
      return
    }
    const write = writeAllAside(this.#file, this.#path, bytes, position)
    write.catch(() => {}) // settled() tells
    this.#aside.push(write)
    this.#bytesWritten += bytes.length
  }

  #write(bytes: Uint8Array, position: number): void {
    writeAll(this.#file, this.#path, bytes, position)
    this.#bytesWritten += bytes.length
  }
}

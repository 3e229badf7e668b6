import { FRAME_HEADER_SIZE, frameSize, parseWalHeader, viewOf, WAL_HEADER_SIZE, type WalHeader } from '../format/wal.ts'
import type { WalStore } from './wal-store.ts'

/** What the bytes of one WAL index hold. */
export interface WalScan {
  readonly header: WalHeader
  /** The page of each frame up to the last commit. */
  readonly pages: Uint32Array
  /** The database's size in pages after the last commit; undefined when the WAL commits nothing. */
  readonly commitSize: number | undefined
  /** Where the last commit ends; the end of the header when there is none. */
  readonly commitEnd: number
}

/** A place in a WAL that is not what it should be. */
export interface WalFlaw {
  readonly offset: number
  readonly why: string
}

/**
 * Verifies a WAL from its header to its last byte: salts and cumulative checksum of every frame. A part of a frame at the
 * end is no flaw, but also no commit.
 *
 * @param turn awaited between windows of a long WAL, so that signals are seen
 */
export async function scanWal(store: WalStore, turn: () => Promise<void>): Promise<WalScan | WalFlaw> {
  const header = parseWalHeader(store.read(0, Math.min(WAL_HEADER_SIZE, store.length)))
  if (typeof header === 'string') return { offset: 0, why: header }
  const frame = frameSize(header.pageSize)
  const frames = Math.floor((store.length - WAL_HEADER_SIZE) / frame)
  const scanner = new FrameScanner(header, frames)
  const perWindow = Math.max(1, Math.floor(store.windowSize / frame))
  for (let first = 0; first < frames; first += perWindow) {
    const start = WAL_HEADER_SIZE + first * frame
    const end = WAL_HEADER_SIZE + Math.min(frames, first + perWindow) * frame
    if (!scanner.scan(viewOf(store.read(start, end)))) {
      const offset = WAL_HEADER_SIZE + scanner.frames * frame
      return { offset, why: `its frame at offset ${offset} does not continue the WAL` }
    }
    if (end < store.length) await turn()
  }
  const committed = scanner.committedFrames
  return {
    header,
    pages: scanner.pages.subarray(0, committed),
    commitSize: scanner.commitSize,
    commitEnd: WAL_HEADER_SIZE + committed * frame,
  }
}

/** Frame after frame without an object each: a restore looks at hundreds of thousands. */
class FrameScanner {
  readonly pages: Uint32Array
  /** Frames that were verified. */
  frames = 0
  committedFrames = 0
  commitSize: number | undefined
  readonly #header: WalHeader
  #s0: number
  #s1: number

  constructor(header: WalHeader, frames: number) {
    this.#header = header
    this.pages = new Uint32Array(frames)
    this.#s0 = header.checksum.s0 | 0
    this.#s1 = header.checksum.s1 | 0
  }

  /** @returns false at the first frame that does not verify */
  scan(view: DataView): boolean {
    const { pageSize, littleEndian } = this.#header
    const salt1 = this.#header.salt1 | 0
    const salt2 = this.#header.salt2 | 0
    let s0 = this.#s0
    let s1 = this.#s1
    for (let at = 0; at < view.byteLength; at += FRAME_HEADER_SIZE + pageSize) {
      const page = view.getUint32(at)
      if (page === 0 || view.getInt32(at + 8) !== salt1 || view.getInt32(at + 12) !== salt2) return false
      s0 = (s0 + view.getInt32(at, littleEndian) + s1) | 0
      s1 = (s1 + view.getInt32(at + 4, littleEndian) + s0) | 0
      const end = at + FRAME_HEADER_SIZE + pageSize
      for (let word = at + FRAME_HEADER_SIZE; word < end; word += 8) {
        s0 = (s0 + view.getInt32(word, littleEndian) + s1) | 0
        s1 = (s1 + view.getInt32(word + 4, littleEndian) + s0) | 0
      }
      if (view.getInt32(at + 16) !== s0 || view.getInt32(at + 20) !== s1) return false
      this.pages[this.frames++] = page
      const commitSize = view.getUint32(at + 4)
      if (commitSize === 0) continue
      this.committedFrames = this.frames
      this.commitSize = commitSize
    }
    this.#s0 = s0
    this.#s1 = s1
    return true
  }
}

/** The cumulative checksum that the WAL shows at `offset`, which must be the end of its header or of a frame. */
export function checksumAt(store: WalStore, { pageSize }: WalHeader, offset: number): { s0: number; s1: number } {
  const at = offset === WAL_HEADER_SIZE ? 24 : offset - frameSize(pageSize) + 16
  const bytes = store.read(at, at + 8)
  return { s0: bytes.readUInt32BE(0), s1: bytes.readUInt32BE(4) }
}

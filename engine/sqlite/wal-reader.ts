import { closeSync, openSync, readSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import {
  type Checksum,
  frameSize,
  parseWalHeader,
  verifyFrame,
  viewOf,
  WAL_HEADER_SIZE,
  type WalHeader,
  walSize,
} from '../format/wal.ts'

/** Bytes that one read hands out at most; more comes in several pieces, which may cut through a transaction. */
export const READ_LIMIT = 8 << 20

/** How far a WAL has been read. `offset` 0: not even its header. */
export interface WalCursor {
  readonly header: WalHeader
  readonly offset: number
  /** The cumulative checksum at `offset`. */
  readonly checksum: Checksum
}

export type WalRead =
  /** No WAL, or one without a valid header (just cut by a TRUNCATE). */
  | { readonly kind: 'absent' }
  /** Other salts than the cursor's: the WAL was restarted. */
  | { readonly kind: 'restarted'; readonly header: WalHeader }
  /** Committed frames that do not continue what was read before. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** Committed bytes from the cursor's offset on, possibly none. `bytes` is valid until the next read of any reader. */
  | { readonly kind: 'frames'; readonly bytes: Buffer; readonly next: WalCursor }

/** A cursor at the very start of the WAL with this header. */
export function startOf(header: WalHeader): WalCursor {
  return { header, offset: 0, checksum: header.checksum }
}

export function sameWal(a: WalHeader, b: WalHeader): boolean {
  return a.salt1 === b.salt1 && a.salt2 === b.salt2 && a.pageSize === b.pageSize
}

/** One buffer for all databases of a thread: reads are synchronous, and used up before the next. */
let sharedBuffer: Buffer | undefined

function buffer(): Buffer {
  sharedBuffer ??= Buffer.allocUnsafeSlow(READ_LIMIT)
  return sharedBuffer
}

/** Runs `use` on the open WAL file; undefined when there is none. The `-wal` carries no locks, so it may be closed. */
function withWal<T>(path: string, use: (fd: number) => T): T | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/** Fills `into` from `position`; fewer bytes at the end of the file. */
function readFully(fd: number, into: Buffer, position: number): number {
  let read = 0
  while (read < into.length) {
    const count = readSync(fd, into, read, into.length - read, position + read)
    if (count === 0) break
    read += count
  }
  return read
}

function readHeader(fd: number): WalHeader | undefined {
  const bytes = Buffer.alloc(WAL_HEADER_SIZE)
  if (readFully(fd, bytes, 0) < WAL_HEADER_SIZE) return undefined
  const header = parseWalHeader(bytes)
  return typeof header === 'string' ? undefined : header
}

/** The header of the WAL as it is now; undefined when there is none. */
export function readWalHeader(path: string): WalHeader | undefined {
  return withWal(path, readHeader)
}

/**
 * The cumulative checksum that the WAL with `header` stores at `offset` (the end of a frame, or of the header).
 * Undefined when the WAL is another one or does not reach so far.
 */
export function checksumAt(
  path: string,
  header: { salt1: number; salt2: number },
  offset: number,
): Checksum | undefined {
  return withWal(path, (fd) => {
    const now = readHeader(fd)
    if (now === undefined || now.salt1 !== header.salt1 || now.salt2 !== header.salt2) return undefined
    if (offset <= WAL_HEADER_SIZE) return now.checksum
    const frame = Buffer.alloc(24)
    if (readFully(fd, frame, offset - frameSize(now.pageSize)) < frame.length) return undefined
    if (frame.readUInt32BE(8) !== now.salt1 || frame.readUInt32BE(12) !== now.salt2) return undefined
    return { s0: frame.readUInt32BE(16), s1: frame.readUInt32BE(20) }
  })
}

/**
 * Follows the chain of checksums from the cursor to `offset`, frame by frame, as SQLite does when it recovers: a WAL may
 * show a frame at its place, and have a hole before it that the power left.
 * @returns the cursor at `offset`, or undefined when the WAL is another one or its valid part ends before
 */
export function followTo(path: string, cursor: WalCursor, offset: number): WalCursor | undefined {
  return withWal(path, (fd) => {
    const header = readHeader(fd)
    if (header === undefined || !sameWal(header, cursor.header)) return undefined
    let at = cursor
    while (at.offset < offset) {
      const read = readFrames(fd, at, offset, false)
      if (read.kind !== 'frames') return undefined
      at = read.next
    }
    return at
  })
}

/**
 * Reads committed frames after the cursor, at most {@link READ_LIMIT} bytes. Every frame is verified: its salts, and the
 * cumulative checksum that proves that it continues what was read before.
 *
 * @param committedFrames frames of the WAL that SQLite's own index counts as committed. Frames beyond may carry a commit
 *   mark and still be overwritten (by the writer after one that died before it published its commit).
 */
export function readCommitted(path: string, cursor: WalCursor, committedFrames: number): WalRead {
  const result = withWal(path, (fd): WalRead => {
    const header = readHeader(fd)
    if (header === undefined) return { kind: 'absent' }
    if (!sameWal(header, cursor.header)) return { kind: 'restarted', header }
    return readFrames(fd, cursor, walSize(committedFrames, header.pageSize), committedFrames === 0)
  })
  return result ?? { kind: 'absent' }
}

function readFrames(fd: number, cursor: WalCursor, end: number, empty: boolean): WalRead {
  const { header, offset } = cursor
  // No frames: the index was restarted already, the file's header will follow with the next commit.
  if (empty || end === offset) return { kind: 'frames', bytes: buffer().subarray(0, 0), next: cursor }
  if (end < offset) return { kind: 'broken', reason: 'wal truncated by another process' }
  const size = frameSize(header.pageSize)
  // From offset 0 the header comes along, before the first frame.
  const lead = offset === 0 ? WAL_HEADER_SIZE : 0
  const room = lead + Math.floor((READ_LIMIT - lead) / size) * size
  const bytes = buffer().subarray(0, Math.min(room, end - offset))
  const length = readFully(fd, bytes, offset)
  const view = viewOf(bytes)
  let checksum = cursor.checksum
  for (let at = lead; at < bytes.length; at += size) {
    const frame = at + size <= length ? verifyFrame(view, at, header, checksum) : undefined
    if (frame === undefined) return { kind: 'broken', reason: 'wal overwritten by another process' }
    checksum = frame.checksum
  }
  return { kind: 'frames', bytes, next: { header, offset: offset + bytes.length, checksum } }
}

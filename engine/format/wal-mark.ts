import type { Checksum } from './wal.ts'

/**
 * A proof of how far a WAL went: the WAL of `index`, recognised by its salts, reaches `offset`, where the cumulative
 * checksum is `checksum`. Because the checksum is cumulative, a WAL that shows it at that offset holds the same bytes
 * up to there.
 */
export interface WalMark {
  readonly index: number
  readonly offset: number
  readonly salt1: number
  readonly salt2: number
  readonly checksum: Checksum
}

const TAG = 'wherry'
const VERSION = 1

/** Bytes of an encoded mark. */
export const WAL_MARK_SIZE = 40

/**
 * A mark as the payload of an LZ4 skippable frame, which every LZ4 reader passes over. The first segment of an index
 * carries the end of the index before it, a snapshot the least position that its WAL must reach: so a restore notices a
 * lost last segment, which object names cannot tell.
 *
 * Layout: "wherry", version byte 1, a zero byte, then little-endian index (4), offset (8), zero (4), salts (4, 4), checksum (4, 4).
 */
export function encodeWalMark(mark: WalMark): Buffer {
  const bytes = Buffer.alloc(WAL_MARK_SIZE)
  bytes.write(TAG, 'latin1')
  bytes.writeUInt8(VERSION, 6)
  bytes.writeUInt32LE(mark.index, 8)
  bytes.writeBigUInt64LE(BigInt(mark.offset), 12)
  bytes.writeUInt32LE(mark.salt1, 24)
  bytes.writeUInt32LE(mark.salt2, 28)
  bytes.writeUInt32LE(mark.checksum.s0, 32)
  bytes.writeUInt32LE(mark.checksum.s1, 36)
  return bytes
}

/** The mark in a skippable frame's payload, or undefined when the payload is somebody else's or of a later version. */
export function decodeWalMark(payload: Uint8Array): WalMark | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  if (bytes.length !== WAL_MARK_SIZE || bytes.toString('latin1', 0, 6) !== TAG || bytes[6] !== VERSION) return undefined
  return {
    index: bytes.readUInt32LE(8),
    offset: Number(bytes.readBigUInt64LE(12)),
    salt1: bytes.readUInt32LE(24),
    salt2: bytes.readUInt32LE(28),
    checksum: { s0: bytes.readUInt32LE(32), s1: bytes.readUInt32LE(36) },
  }
}

import { readFileSync } from 'node:fs'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/** The end of the frames that belong to the WAL's current life: those with its header's salts. For small WALs. */
export function committedWal(databasePath: string): { salts: string; end: number } {
  const wal = readFileSync(`${databasePath}-wal`)
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8)
  const salts = wal.toString('hex', 16, 24)
  let end = HEADER_BYTES
  while (end + frameBytes <= wal.length && wal.toString('hex', end + 8, end + 16) === salts) end += frameBytes
  return { salts, end }
}

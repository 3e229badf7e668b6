import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * The writer's log of returned commits: 16 bytes each, the commit's id and its time, written after COMMIT returned. It
 * lies in the page cache once written, so it survives the writer's kill -9 as the database does.
 */
const RECORD_SIZE = 16

export interface Acknowledgement {
  readonly commitId: number
  readonly at: Date
}

export function encodeAcknowledgement(commitId: number, epochMs: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_SIZE)
  record.writeDoubleLE(commitId, 0)
  record.writeDoubleLE(epochMs, 8)
  return record
}

/** The newest acknowledged commit's id; 0 when there is none yet. */
export function lastAcknowledged(path: string): number {
  return readRecords(path, 1).at(-1)?.commitId ?? 0
}

/** All acknowledged commits, oldest first. */
export function acknowledgements(path: string): Acknowledgement[] {
  return readRecords(path, Number.POSITIVE_INFINITY)
}

function readRecords(path: string, most: number): Acknowledgement[] {
  const fd = openSync(path, 'r')
  try {
    const whole = Math.floor(fstatSync(fd).size / RECORD_SIZE)
    const wanted = Math.min(whole, most)
    const bytes = Buffer.alloc(wanted * RECORD_SIZE)
    readSync(fd, bytes, 0, bytes.length, (whole - wanted) * RECORD_SIZE)
    return Array.from({ length: wanted }, (_, at) => ({
      commitId: bytes.readDoubleLE(at * RECORD_SIZE),
      at: new Date(bytes.readDoubleLE(at * RECORD_SIZE + 8)),
    }))
  } finally {
    closeSync(fd)
  }
}

import { readFileSync, statSync } from 'node:fs'

/** One POSIX lock of a process on a file: SQLite's locks are byte ranges with a meaning each. */
export interface FileLock {
  readonly kind: 'READ' | 'WRITE'
  readonly start: number
  readonly end: number
}

/** The first byte of the range that a connection holds for as long as it uses a database in WAL mode (os.h, SHARED_FIRST). */
export const SHARED_FIRST = 0x40000002

/** The byte of the -shm file that a checkpoint locks. */
export const CHECKPOINT_LOCK = 121

/** Bytes of the -shm file: the five read marks of the WAL index follow the write, checkpoint and recovery locks. */
export const READ_MARKS = { first: 123, last: 127 } as const

/** The locks that process `pid` holds on the file, as the kernel lists them. Linux only. */
export function locksOf(pid: number, path: string): FileLock[] {
  const inode = `:${statSync(path).ino}`
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, type, , , owner, file]) => type === 'POSIX' && owner === String(pid) && file?.endsWith(inode) === true)
    .map(([, , , kind, , , start, end]) => ({
      kind: kind === 'WRITE' ? 'WRITE' : 'READ',
      start: Number(start),
      end: end === 'EOF' ? Number.POSITIVE_INFINITY : Number(end),
    }))
}

/** True when a lock of `locks` covers a byte from `first` to `last`. */
export function covers(locks: readonly FileLock[], first: number, last = first): boolean {
  return locks.some(({ start, end }) => start <= last && end >= first)
}

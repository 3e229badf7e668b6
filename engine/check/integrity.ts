import SQLite from 'better-sqlite3'
import { messageOf, systemCode, WherryError } from '../errors.ts'

/** What SQLite says of a database. `unknown`: it could not be asked, since functions or collations of the app are missing. */
export interface Integrity {
  readonly verdict: 'ok' | 'damaged' | 'unknown'
  /** SQLite's own words; for `damaged` the first of them. */
  readonly note: string | undefined
}

const DAMAGED = ['SQLITE_CORRUPT', 'SQLITE_NOTADB']

/**
 * Runs `PRAGMA integrity_check` on a database that nobody else uses. It blocks this thread for as long as that takes.
 * @throws WherryError ERR_OUTPUT_ACCESS when the file cannot be read
 */
export function checkIntegrity(path: string): Integrity {
  try {
    const db = new SQLite(path)
    try {
      db.pragma('locking_mode=EXCLUSIVE') // no -shm beside it
      const rows = db.prepare('PRAGMA integrity_check').pluck().all().map(String)
      return rows.length === 1 && rows[0] === 'ok'
        ? { verdict: 'ok', note: undefined }
        : { verdict: 'damaged', note: inOneLine(rows) }
    } finally {
      db.close()
    }
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (DAMAGED.some((damaged) => code.startsWith(damaged))) return { verdict: 'damaged', note: messageOf(error) }
    // A schema that names what only the app can do is no damage: "unknown function", "no such collation sequence".
    if (code.startsWith('SQLITE_ERROR')) return { verdict: 'unknown', note: messageOf(error) }
    throw new WherryError('ERR_OUTPUT_ACCESS', `Cannot check ${path}: ${messageOf(error)}`, { cause: error })
  }
}

function inOneLine([first = 'nothing', ...more]: readonly string[]): string {
  const line = first.replaceAll(/\s+/g, ' ')
  return more.length === 0 ? line : `${line}, and ${more.length} more`
}

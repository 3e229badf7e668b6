import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { messageOf, systemCode, WherryError } from '../errors.ts'

/**
 * What is at a database's path:
 * - `missing`: nothing
 * - `empty`: a file of 0 bytes, which is how SQLite and `touch` begin one
 * - `blank`: a database without a table of the app's
 * - `invalid`: not a database, or a link to nothing
 * - `present`: a database with content, or one that is locked so that nobody can tell
 */
export interface LocalDatabase {
  readonly kind: 'missing' | 'empty' | 'blank' | 'invalid' | 'present'
  /** A sentence about what is invalid. */
  readonly why?: string
}

export interface Inspection extends LocalDatabase {
  /** The database has the table that every engine makes; undefined when that could not be seen. */
  readonly hasSequence?: boolean
  /** How often an engine restarted the WAL, 0 if none did; undefined when that could not be seen. */
  readonly sequence?: number
}

/** Everything but what SQLite and the engines make for themselves. */
const SUMMARY = `SELECT
  SUM(name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\') AS own,
  SUM(name = '_litestream_seq') AS sequences
  FROM sqlite_schema`

/**
 * Looks at a database, the content of its WAL included, and changes neither. Through a read-only connection of SQLite: to
 * open and close the file otherwise would drop the locks of every connection in this process, and a connection that may
 * write would, as the last one to close, put the WAL into the file and delete it, and with it the proof that the engine's
 * copy goes on there. A `-shm` and an empty `-wal` may be left beside the database.
 * @throws WherryError ERR_DATABASE_ACCESS when the path leads nowhere (no right, a file where a folder should be, a link to itself)
 */
export function inspectDatabase(path: string): Inspection {
  let stat: Stats | undefined
  try {
    stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return unseen(path, lstatSync(path, { throwIfNoEntry: false }))
  } catch (error) {
    throw new WherryError('ERR_DATABASE_ACCESS', `${path} cannot be looked at: ${messageOf(error)}`, { cause: error })
  }
  if (!stat.isFile()) return { kind: 'invalid', why: `${path} is not a file` }
  if (stat.size === 0) return { kind: 'empty' }
  let db: SQLite.Database | undefined
  try {
    db = new SQLite(path, { readonly: true, fileMustExist: true, timeout: 0 })
    const { own, sequences } = db.prepare(SUMMARY).get() as { own: number | null; sequences: number | null }
    const kind = (own ?? 0) > 0 ? 'present' : 'blank'
    return (sequences ?? 0) > 0 ? { kind, hasSequence: true, ...sequenceIn(db) } : { kind, hasSequence: false }
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (code !== 'SQLITE_NOTADB' && !code.startsWith('SQLITE_CORRUPT')) return { kind: 'present' }
    return { kind: 'invalid', why: `${path} is not a usable SQLite database: ${messageOf(error)}` }
  } finally {
    db?.close()
  }
}

function sequenceIn(db: SQLite.Database): { readonly sequence?: number } {
  const value = db.prepare('SELECT MAX(seq) FROM _litestream_seq').pluck().get() ?? 0
  return typeof value === 'number' ? { sequence: value } : {}
}

function unseen(path: string, link: Stats | undefined): Inspection {
  if (link === undefined) return { kind: 'missing' }
  return { kind: 'invalid', why: `${path} is a link to ${readlinkSync(path)}, which is not there` }
}

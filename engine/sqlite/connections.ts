import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { messageOf, systemCode, WherryError } from '../errors.ts'
import { walSize } from '../format/wal.ts'

/** How often the state of the WAL is looked at before a lock counts as one. */
const LOOKS = 20

const HEADER_TAG = 'SQLite format 3\0'

/** Committed frames in the WAL, and how many of them are in the database file by now. */
export interface Backfill {
  readonly walFrames: number
  readonly backfilledFrames: number
}

/** True for SQLITE_BUSY and its kin: somebody else holds a lock, and trying again later is right. */
export function isBusy(error: unknown): boolean {
  const code = systemCode(error) ?? ''
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')
}

/**
 * The connections of one live database, and one descriptor on its file.
 *
 * - `reader` is read-only and holds the read transaction that keeps everybody from restarting the WAL before it is
 *   copied. It is closed last: a read-only connection leaves the `-wal` in place, which the next start needs
 *   (better-sqlite3 exposes no file control for PERSIST_WAL).
 * - `writer` takes the write lock for moments, and bridges the reader's hand-overs.
 * - `checkpointer` runs PASSIVE checkpoints, also while `writer` holds the lock, and tells commits by data_version.
 *
 * POSIX locks belong to the process: closing any descriptor of the database file drops them all. So the file is opened
 * once, before the connections, and closed after them; `-shm` is never opened.
 */
export class Connections {
  readonly path: string
  readonly fd: number
  readonly pageSize: number
  readonly #reader: SQLite.Database
  readonly #writer: SQLite.Database
  readonly #checkpointer: SQLite.Database
  readonly #dataVersion: SQLite.Statement
  readonly #passive: SQLite.Statement
  readonly #noop: SQLite.Statement
  readonly #sequence: SQLite.Statement

  /**
   * Opens a database, converts it to WAL mode and creates Litestream's two internal tables where they are missing.
   *
   * @param maxWalPages a WAL file beyond this many frames is cut back when `writer` restarts it; 0 for never
   * @throws WherryError ERR_DATABASE_INVALID (not SQLite), ERR_DATABASE_ACCESS (permissions), ERR_DATABASE_BUSY
   */
  constructor(path: string, maxWalPages: number) {
    this.path = path
    const opened: SQLite.Database[] = []
    const open = (readonly: boolean): SQLite.Database => {
      // No busy time-out: it would block every other database of this thread. Callers wait and try again.
      const db = new SQLite(path, { readonly, fileMustExist: true, timeout: 0 })
      opened.push(db)
      db.pragma('wal_autocheckpoint=0')
      db.pragma('cache_size=-256')
      return db
    }
    this.fd = openDatabaseFile(path)
    try {
      this.#writer = open(false)
      if (this.#writer.pragma('journal_mode=wal', { simple: true }) !== 'wal') {
        throw new WherryError('ERR_DATABASE_ACCESS', `${path} cannot be switched to WAL mode`)
      }
      // NORMAL still syncs the WAL before a checkpoint and the database after it.
      this.#writer.pragma('synchronous=NORMAL')
      this.pageSize = this.#writer.pragma('page_size', { simple: true }) as number
      this.#writer.pragma(`journal_size_limit=${maxWalPages === 0 ? -1 : walSize(maxWalPages, this.pageSize)}`)
      createInternalTables(this.#writer)
      this.#checkpointer = open(false)
      this.#checkpointer.pragma('synchronous=NORMAL')
      this.#reader = open(true)
      this.#dataVersion = this.#checkpointer.prepare('PRAGMA data_version').pluck()
      this.#passive = this.#checkpointer.prepare('PRAGMA wal_checkpoint(PASSIVE)')
      this.#noop = this.#checkpointer.prepare('PRAGMA wal_checkpoint(NOOP)')
      this.#sequence = this.#checkpointer.prepare('SELECT seq FROM _litestream_seq WHERE id = 1').pluck()
    } catch (error) {
      for (const db of opened.reverse()) db.close()
      closeSync(this.fd)
      throw openError(path, error)
    }
  }

  get walPath(): string {
    return `${this.path}-wal`
  }

  /** A number that changes when anybody commits; undefined when a lock kept us from looking. */
  dataVersion(): number | undefined {
    try {
      return this.#dataVersion.get() as number
    } catch (error) {
      if (isBusy(error)) return undefined
      throw error
    }
  }

  /** (Re)starts the long-running read transaction at the WAL's present end. */
  beginRead(): void {
    beginAtEnd(this.#reader)
  }

  endRead(): void {
    if (this.#reader.inTransaction) this.#reader.exec('ROLLBACK')
  }

  /** A second read transaction, so that the reader can move its mark while one of the two always holds one. */
  beginBridge(): void {
    beginAtEnd(this.#writer)
  }

  endBridge(): void {
    if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK')
  }

  /** Tries to take SQLite's write lock, without waiting. */
  tryLock(): boolean {
    try {
      this.#writer.exec('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  /** Gives the write lock back with nothing written. */
  unlock(): void {
    this.endBridge()
  }

  /** Copies frames into the database file as far as read marks allow; undefined while another checkpoint runs. */
  backfill(): Backfill | undefined {
    return this.#checkpoint(this.#passive)
  }

  /**
   * How many frames SQLite's own index counts as committed, without touching anything (a NOOP checkpoint, 8 µs).
   * Undefined when a lock kept us from looking.
   */
  walState(): Backfill | undefined {
    // A reader of SQLite's index that meets a writer sees it torn for an instant.
    for (let tries = 1; ; tries++) {
      const state = this.#checkpoint(this.#noop)
      if (state !== undefined || tries === LOOKS) return state
    }
  }

  #checkpoint(statement: SQLite.Statement): Backfill | undefined {
    try {
      const row = statement.get() as { busy: number; log: number; checkpointed: number }
      return row.busy === 0 ? { walFrames: row.log, backfilledFrames: row.checkpointed } : undefined
    } catch (error) {
      if (isBusy(error)) return undefined
      throw error
    }
  }

  /** Litestream's sequence row: a write that restarts a fully back-filled WAL. False when somebody else is writing. */
  tryBumpSequence(): boolean {
    try {
      // The app may have dropped the tables.
      createInternalTables(this.#writer)
      this.#writer.exec(
        'INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1',
      )
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  /** What {@link tryBumpSequence} has come to; undefined when it cannot be seen, as when the app dropped the tables. */
  sequence(): number | undefined {
    try {
      const value = this.#sequence.get()
      return typeof value === 'number' ? value : undefined
    } catch (error) {
      if (isBusy(error) || systemCode(error) === 'SQLITE_ERROR') return undefined
      throw error
    }
  }

  /** True while the path still leads to the file that was opened here. */
  isSameFile(ino: number, dev: number): boolean {
    const own = fstatSync(this.fd)
    return own.ino === ino && own.dev === dev
  }

  /** Closes in the order that leaves the WAL in place; the descriptor last, since its close drops the locks. */
  close(): void {
    this.#writer.close()
    this.#checkpointer.close()
    this.endRead()
    this.#reader.close()
    closeSync(this.fd)
  }
}

/** `BEGIN` alone takes no mark; the first read does. */
function beginAtEnd(db: SQLite.Database): void {
  db.exec('BEGIN')
  try {
    db.prepare('SELECT COUNT(*) FROM sqlite_schema').get()
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function createInternalTables(db: SQLite.Database): void {
  db.exec('CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)')
  db.exec('CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)')
}

/** Opens the file for reading and makes sure, before SQLite sees it, that it is a database. */
function openDatabaseFile(path: string): number {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw openError(path, error)
  }
  const head = Buffer.alloc(HEADER_TAG.length)
  if (readSync(fd, head, 0, head.length, 0) === head.length && head.toString('latin1') === HEADER_TAG) return fd
  closeSync(fd)
  throw new WherryError(
    'ERR_DATABASE_INVALID',
    `${path} is not a SQLite database: it does not start with "SQLite format 3"; check the path, or move the file away`,
  )
}

function openError(path: string, error: unknown): unknown {
  if (error instanceof WherryError) return error
  if (isBusy(error)) {
    return new WherryError('ERR_DATABASE_BUSY', `${path} is locked by another process`, { cause: error })
  }
  const code = systemCode(error)
  if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT')) {
    return new WherryError('ERR_DATABASE_INVALID', `${path} is not a usable SQLite database: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return new WherryError(
    'ERR_DATABASE_ACCESS',
    `${path} cannot be opened for reading and writing: ${messageOf(error)}; the engine needs both, and a writable folder for -wal and -shm`,
    { cause: error },
  )
}

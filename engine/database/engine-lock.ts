import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { WherryError } from '../errors.ts'
import { isBusy } from '../sqlite/connections.ts'
import { giveToFolderOwner, makeMetaFolder, metaFileError } from './meta-folder.ts'

/**
 * Keeps two engines from continuing one generation from one meta folder, as in a rolling deploy on one volume: their
 * segments would overlap. It is the lock of an empty SQLite database, which the system drops when its process dies.
 */
export class EngineLock {
  readonly #metaPath: string
  #db: SQLite.Database | undefined

  constructor(metaPath: string) {
    this.#metaPath = metaPath
  }

  /**
   * Takes the lock and keeps it. Does nothing when it is held already.
   * @param database its path
   * @throws WherryError ERR_DATABASE_BUSY while another engine has it, ERR_DATABASE_ACCESS
   */
  take(database: string): void {
    if (this.#db !== undefined) return
    const path = join(this.#metaPath, 'lock')
    makeMetaFolder(this.#metaPath, database)
    try {
      this.#db = lockFile(path)
      giveToFolderOwner(path)
    } catch (error) {
      if (isBusy(error)) {
        throw new WherryError('ERR_DATABASE_BUSY', `Another engine replicates ${database}: it holds ${path}`)
      }
      throw metaFileError(path, error)
    }
  }

  release(): void {
    this.#db?.close()
    this.#db = undefined
  }
}

/**
 * Locks a file, which is made an empty SQLite database where it is missing, until the connection is closed or the process
 * is dead. In this process too nobody else gets the lock.
 *
 * @param patienceMs how long it may block while somebody else has the lock
 * @throws SQLite's errors, see isBusy, and the file system's
 */
export function lockFile(path: string, patienceMs = 0): SQLite.Database {
  const db = new SQLite(path, { timeout: patienceMs })
  try {
    // Where SQLite may only read it does so, and says that it has locked what it has not.
    accessSync(path, constants.W_OK)
    db.pragma('journal_mode=memory')
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

import { join } from 'node:path'
import type SQLite from 'better-sqlite3'
import { lockFile } from '../database/engine-lock.ts'
import { giveToFolderOwner, makeMetaFolder, metaFileError } from '../database/meta-folder.ts'
import { WherryError } from '../errors.ts'
import { isBusy } from '../sqlite/connections.ts'

/** What others do under the lock takes some syncs of the disk. */
const PATIENCE_MS = 5000

/**
 * Runs what makes the lineage and the database new, while no other restore with this meta folder does: the database that one
 * of them leaves never has the other's lineage. Blocks until it can.
 *
 * @throws WherryError ERR_OUTPUT_ACCESS, ERR_DATABASE_ACCESS
 */
export function oneAtATime(database: string, metaPath: string, act: () => void): void {
  makeMetaFolder(metaPath, database)
  const lock = take(database, join(metaPath, 'restore-lock'))
  try {
    act()
  } finally {
    lock.close()
  }
}

function take(database: string, path: string): SQLite.Database {
  try {
    const lock = lockFile(path, PATIENCE_MS)
    giveToFolderOwner(path)
    return lock
  } catch (error) {
    if (!isBusy(error)) throw metaFileError(path, error)
    throw new WherryError('ERR_OUTPUT_ACCESS', `Another restore of ${database} does not end: it holds ${path}`)
  }
}

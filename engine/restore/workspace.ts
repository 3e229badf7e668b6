import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type SQLite from 'better-sqlite3'
import { lockFile } from '../database/engine-lock.ts'
import { isBusy } from '../sqlite/connections.ts'
import { output } from './files.ts'
import { allTemporaryFiles, litestreamLeftOvers, type TemporaryFiles, temporaryFilesFor } from './temporary-files.ts'

/**
 * The names of one restore's temporary files, nobody else's, and the lock that tells other processes so. The system drops
 * the lock when the process dies, in another container on the same volume too, where process ids would tell nothing.
 *
 * The lock only keeps others from removing the files. That no other restore writes to them follows from their names.
 */
export class Workspace {
  readonly files: TemporaryFiles
  readonly #lock: SQLite.Database | undefined

  /** @throws WherryError ERR_OUTPUT_ACCESS */
  constructor(outputPath: string) {
    for (;;) {
      const files = temporaryFilesFor(outputPath)
      output(`create ${files.lock}`, () => closeSync(openSync(files.lock, 'wx', 0o600)))
      const lock = tryLock(files.lock)
      if (lock !== 'busy' && existsSync(files.lock)) {
        this.files = files
        this.#lock = lock
        return
      }
      // Another restore looked between the two calls, and takes it for a left-over.
      if (lock !== 'busy') lock?.close()
      rmSync(files.lock, { force: true })
    }
  }

  /** Removes the files, whichever are left. Safe to call twice. */
  close(): void {
    removeFiles(this.files)
    this.#lock?.close()
  }
}

/**
 * Removes what interrupted restores to `outputPath` left behind. What is in use stays, and what may be.
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function removeLeftOvers(outputPath: string): void {
  const [all, foreign] = output(`list ${dirname(outputPath)}`, () => [
    allTemporaryFiles(outputPath),
    litestreamLeftOvers(outputPath),
  ])
  for (const path of foreign) output(`remove ${path}`, () => rmSync(path, { force: true }))
  for (const files of all) {
    // The lock is there first and goes last.
    const lock = existsSync(files.lock) ? tryLock(files.lock) : 'missing'
    if (lock === 'busy' || lock === undefined) continue
    output(`remove ${files.database}`, () => removeFiles(files))
    if (lock !== 'missing') lock.close()
  }
}

function removeFiles({ database, wal, lock }: TemporaryFiles): void {
  for (const path of [database, wal, lock]) rmSync(path, { force: true })
}

/** Undefined where the file system has no locks, or the file cannot be opened: nothing can be told then. */
function tryLock(path: string): SQLite.Database | 'busy' | undefined {
  try {
    return lockFile(path)
  } catch (error) {
    return isBusy(error) ? 'busy' : undefined
  }
}

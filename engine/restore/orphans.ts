import { renameSync, rmSync } from 'node:fs'
import type { Logger } from '../log.ts'
import { output } from './files.ts'
import { freeName, sizeOf, stampOf } from './set-aside.ts'

/**
 * Clears away what stands beside the place of a database that is missing. SQLite would replay a `-wal` or `-journal` onto
 * whatever database it finds there, and ruin the restored one; but it may hold commits that no replica has, so it is kept
 * under another name. A `-shm` is only an index of the `-wal`.
 *
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function setOrphansAside(databasePath: string, logger: Logger, now = new Date()): void {
  const stamp = stampOf(now)
  for (const path of [`${databasePath}-wal`, `${databasePath}-journal`]) {
    const size = sizeOf(path)
    if (size === undefined) continue
    if (size === 0) {
      output(`remove ${path}`, () => rmSync(path))
      continue
    }
    const kept = freeName(`${path}.orphan-${stamp}`)
    output(`rename ${path}`, () => renameSync(path, kept))
    logger.warn('kept a file of the missing database under another name', { path, kept, sz: size })
  }
  output(`remove ${databasePath}-shm`, () => rmSync(`${databasePath}-shm`, { force: true }))
}

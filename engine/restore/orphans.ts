import { lstatSync, renameSync, rmSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'

/**
 * Clears away what stands beside the place of a database that is missing. SQLite would replay a `-wal` or `-journal` onto
 * whatever database it finds there, and ruin the restored one; but it may hold commits that no replica has, so it is kept
 * under another name. A `-shm` is only an index of the `-wal`.
 *
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function setOrphansAside(databasePath: string, logger: Logger, now = new Date()): void {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
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

function freeName(path: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`
    if (sizeOf(candidate) === undefined) return candidate
  }
}

function sizeOf(path: string): number | undefined {
  try {
    return lstatSync(path).size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw outputError(`look at ${path}`, error)
  }
}

import { lstatSync, renameSync, rmSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'

/** What SQLite keeps beside a database and needs to open it as it is. */
const COMPANIONS = ['', '-wal', '-journal'] as const

/**
 * Renames a database to NAME.aside-STAMP, with its `-wal` and `-journal`, so that it can be opened there; a `-shm` is only an
 * index of the `-wal`. The database goes first: without its WAL it would be an older one at its old place.
 *
 * @returns takes it back
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function setAside(databasePath: string, logger: Logger, now = new Date()): () => void {
  const kept = freeName(`${databasePath}.aside-${stampOf(now)}`, COMPANIONS)
  const moved: string[] = []
  const takeBack = (): void => {
    for (const suffix of moved) renameSync(kept + suffix, databasePath + suffix)
  }
  try {
    for (const suffix of COMPANIONS) {
      const path = databasePath + suffix
      if (sizeOf(path) === undefined) continue
      output(`rename ${path}`, () => renameSync(path, kept + suffix))
      moved.unshift(suffix)
    }
    output(`remove ${databasePath}-shm`, () => rmSync(`${databasePath}-shm`, { force: true }))
  } catch (error) {
    takeBack()
    throw error
  }
  logger.warn('kept the database under another name', { path: databasePath, kept })
  return takeBack
}

/** A time in a file name. */
export function stampOf(time: Date): string {
  return time.toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

/** `path`, or `path` with a number, such that none of the names with a suffix is taken. */
export function freeName(path: string, suffixes: readonly string[] = ['']): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`
    if (suffixes.every((suffix) => sizeOf(candidate + suffix) === undefined)) return candidate
  }
}

/** Undefined when there is nothing. @throws WherryError ERR_OUTPUT_ACCESS */
export function sizeOf(path: string): number | undefined {
  try {
    return lstatSync(path).size
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw outputError(`look at ${path}`, error)
  }
}

import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'
import { syncFolder } from './folders.ts'
import { tryLink } from './take-name.ts'

/** What SQLite keeps beside a database and needs to open it as it is. */
const COMPANIONS = ['-wal', '-journal'] as const

/**
 * Renames a database to NAME.aside-STAMP, with its `-wal` and `-journal`, so that it can be opened there; a `-shm` is only an
 * index of the `-wal`.
 *
 * @returns takes it back; what is at the database's place by then stays
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function setAside(databasePath: string, logger: Logger, now = new Date()): () => void {
  const kept = freeName(`${databasePath}.aside-${stampOf(now)}`, ['', ...COMPANIONS])
  const takeBack = moveDatabase(databasePath, kept)
  try {
    output(`remove ${databasePath}-shm`, () => rmSync(`${databasePath}-shm`, { force: true }))
  } catch (error) {
    takeBack()
    throw error
  }
  logger.warn('kept the database under another name', { path: databasePath, kept })
  return () => {
    if (sizeOf(databasePath) === undefined) takeBack()
  }
}

/**
 * A crash at any time leaves the database with its WAL beside it, under the one name or the other: the companions have both
 * names while the database goes from the one to the other. Where there are no links the database goes first. Then a crash
 * leaves the companions behind, where they are kept as orphans; without them, it would pass for whole at its old place.
 *
 * @returns takes it back
 */
function moveDatabase(from: string, to: string): () => void {
  const undo: (() => void)[] = []
  const takeBack = (): void => {
    for (const step of undo.reverse()) step()
  }
  const linked: string[] = []
  const companions = COMPANIONS.filter((suffix) => sizeOf(from + suffix) !== undefined)
  try {
    for (const suffix of companions) {
      if (!output(`link ${from}${suffix}`, () => tryLink(from + suffix, to + suffix))) continue
      linked.push(suffix)
      undo.push(() => rmSync(to + suffix, { force: true }))
    }
    syncFolder(dirname(from))
    output(`rename ${from}`, () => renameSync(from, to))
    undo.push(() => renameSync(to, from))
    for (const suffix of companions) {
      if (linked.includes(suffix)) {
        output(`remove ${from}${suffix}`, () => rmSync(from + suffix, { force: true }))
        undo.push(() => linkSync(to + suffix, from + suffix))
      } else {
        output(`rename ${from}${suffix}`, () => renameSync(from + suffix, to + suffix))
        undo.push(() => renameSync(to + suffix, from + suffix))
      }
    }
    return takeBack
  } catch (error) {
    takeBack()
    throw error
  }
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

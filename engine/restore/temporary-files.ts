import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'

/** Where the database is put together: beside its final place, so that a rename takes it there. */
export function temporaryPath(outputPath: string): string {
  return `${outputPath}.tmp`
}

/** Where a long WAL is put while it is being applied. */
export function temporaryWalPath(outputPath: string): string {
  return `${outputPath}.tmp-wal`
}

/** Ours, and what Litestream 0.3 leaves behind when its restore is interrupted. */
const SUFFIX = /^\.tmp(?:-wal|-shm|-[0-9a-f]{8}-wal)?$/

/**
 * The files that an interrupted restore to `outputPath` left behind, or a running one has in use: synchronous, for a
 * handler of signals that has no time to wait.
 */
export function temporaryFilesOf(outputPath: string): string[] {
  const folder = dirname(outputPath)
  const name = basename(outputPath)
  try {
    return readdirSync(folder)
      .filter((entry) => entry.startsWith(name) && SUFFIX.test(entry.slice(name.length)))
      .map((entry) => join(folder, entry))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

import { open } from 'node:fs/promises'
import type { DatabaseOptions } from '../../engine/options.ts'
import { type Databases, optionsIn } from './directory.ts'
import { findFiles } from './find-files.ts'

/** What a database begins with. @see https://sqlite.org/fileformat2.html#magic_header_string */
const HEADER = 'SQLite format 3\0'

/**
 * The databases that a configuration names, and those that are in its directories now. For a process without an engine: one
 * that has SQLite's locks on a database would lose them here.
 * @throws WherryError ERR_DATABASE_ACCESS for a directory that cannot be read
 */
export async function presentDatabases({ databases, directories }: Databases): Promise<DatabaseOptions[]> {
  const present = new Map(databases.map((database) => [database.path, database]))
  for (const directory of directories) {
    for (const path of (await findFiles(directory)) ?? []) {
      const options = present.has(path) ? undefined : optionsIn(directory, path)
      if (options !== undefined && (await isDatabase(path))) present.set(path, options)
    }
  }
  return [...present.values()]
}

/** False for one that cannot be read, too. */
async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === HEADER
  } catch {
    return false
  } finally {
    await file.close()
  }
}

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'
import { type Directory, isLeftOut, mayBeDatabase } from './directory.ts'

/**
 * The absolute paths of the files that may be databases of a directory, by their names alone, in order. Symbolic links are not
 * followed: by two names one database would be replicated twice.
 * @returns undefined while there is no such directory
 * @throws WherryError ERR_DATABASE_ACCESS when it cannot be read; a folder below it that cannot be read counts as empty
 */
export async function findFiles(directory: Directory): Promise<string[] | undefined> {
  const { path } = directory
  try {
    return await filesIn(directory, path, await readdir(path, { withFileTypes: true }))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    const why = systemCode(error) === 'ENOTDIR' ? 'it is a file' : messageOf(error)
    throw new WherryError('ERR_DATABASE_ACCESS', `Directory ${path} cannot be read: ${why}`, { cause: error })
  }
}

async function filesIn(directory: Directory, folder: string, entries: readonly Dirent[]): Promise<string[]> {
  const files: string[] = []
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isFile() && mayBeDatabase(directory, entry.name)) files.push(path)
    const isEntered = entry.isDirectory() && directory.recursive && !isLeftOut(entry.name)
    if (!isEntered || directory.leftOut.includes(path)) continue
    // It may have gone just now, or belong to somebody else, as lost+found does.
    const below = await readdir(path, { withFileTypes: true }).catch(() => [])
    files.push(...(await filesIn(directory, path, below)))
  }
  return files
}

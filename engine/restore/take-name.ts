import { linkSync, renameSync, rmSync } from 'node:fs'
import { systemCode, WherryError } from '../errors.ts'
import { outputError } from './files.ts'

/** What file systems without hard links answer, and Linux when the file is another user's by now. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']

/** Gives a file a second name, which nobody has yet. @returns false where the file system cannot. @throws as linkSync */
export function tryLink(path: string, name: string): boolean {
  try {
    linkSync(path, name)
    return true
  } catch (error) {
    if (NO_LINKS.includes(systemCode(error) ?? '')) return false
    throw error
  }
}

/**
 * Renames a file, and never overwrites: what has taken the name in the meantime keeps it. Only where there are no hard links
 * that is a matter of looking just before.
 *
 * @param requireFree throws when the name is taken
 * @throws WherryError ERR_OUTPUT_EXISTS, ERR_OUTPUT_ACCESS
 */
export function takeName(path: string, name: string, requireFree: () => void): void {
  try {
    if (tryLink(path, name)) {
      rmSync(path, { force: true })
      return
    }
    requireFree()
    renameSync(path, name)
  } catch (error) {
    if (error instanceof WherryError) throw error
    if (systemCode(error) === 'EEXIST') requireFree()
    throw outputError(`rename ${path}`, error)
  }
}

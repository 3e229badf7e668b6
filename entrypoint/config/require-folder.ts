import { stat } from 'node:fs/promises'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'

/**
 * Makes sure that the app can be started in `cwd`: a spawn reports a missing folder as if the command were missing.
 * @throws WherryError ERR_CONFIG when it is not a folder, or nobody can tell
 */
export async function requireFolder(cwd: string | undefined): Promise<void> {
  if (cwd === undefined) return
  const what = await folderProblem(cwd)
  if (what !== undefined) throw new WherryError('ERR_CONFIG', `cwd, the app's working directory, ${what}`)
}

async function folderProblem(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : `is not a folder: ${path}`
  } catch (error) {
    return systemCode(error) === 'ENOENT'
      ? `does not exist: ${path}`
      : `cannot be examined: ${path}: ${messageOf(error)}`
  }
}

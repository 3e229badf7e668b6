import { accessSync, constants } from 'node:fs'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'

/**
 * Asserts that this process's user, which is the app's too, can make a database in `folder`. One that is not there is the
 * app's to make.
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function requireWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    const user = process.getuid?.()
    const wayOut = `give it to ${user === undefined ? 'the user' : `user ${user}`} that the app runs as`
    throw new WherryError('ERR_OUTPUT_ACCESS', `No database can be made in ${folder}: ${messageOf(error)}; ${wayOut}`, {
      cause: error,
    })
  }
}

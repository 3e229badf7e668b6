import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { messageOf, WherryError } from '../../engine/errors.ts'
import { looksLikeSecret, NOT_A_PATH } from '../../engine/storage/secret-text.ts'

/**
 * The absolute, cleaned form of a path from the user. A leading `~` or `~/` is the home directory in the passwd entry of
 * our uid, not `$HOME`, as in Litestream; `~user` is an ordinary name.
 * @throws WherryError ERR_CONFIG when `~` is used and our uid has no passwd entry, as with arbitrary uids in containers
 */
export function absolutePath(path: string): string {
  if (path !== '~' && !path.startsWith('~/')) return resolve(path)
  return resolve(homeDirectory(path), path.slice(2))
}

/**
 * {@link absolutePath} of a file that has a secret.
 * @throws what `error` makes of a sentence, when the secret itself was given
 */
export function secretPath(path: string, error: (message: string) => WherryError): string {
  if (looksLikeSecret(path)) throw error(NOT_A_PATH)
  return absolutePath(path)
}

function homeDirectory(path: string): string {
  try {
    return userInfo().homedir
  } catch (error) {
    throw new WherryError('ERR_CONFIG', `"${path}" needs a home directory (${messageOf(error)}); write it in full`, {
      cause: error,
    })
  }
}

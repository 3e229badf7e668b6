import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { messageOf, WherryError } from '../../engine/errors.ts'

/** What Node.js reads for bytes of a name that are not UTF-8. What they were is lost, so the path leads nowhere. */
const NOT_UTF8 = '\ufffd'

import { looksLikeSecret, NOT_A_PATH } from '../../engine/storage/secret-text.ts'

/**
 * The absolute, cleaned form of a path from the user. A leading `~` or `~/` is the home directory in the passwd entry of
 * our uid, not `$HOME`, as in Litestream; `~user` is an ordinary name.
 * @throws WherryError ERR_CONFIG when `~` is used and our uid has no passwd entry, as with arbitrary uids in containers; for
 *   bytes that are not UTF-8
 */
export function absolutePath(path: string): string {
  if (path !== '~' && !path.startsWith('~/')) return plainPath(path)
  return plainPath(resolve(homeDirectory(path), path.slice(2)))
}

/**
 * The absolute, cleaned form of a path in which `~` is an ordinary name.
 * @throws WherryError ERR_CONFIG for bytes that are not UTF-8
 */
export function plainPath(path: string): string {
  const absolute = resolve(path)
  if (!absolute.includes(NOT_UTF8)) return absolute
  throw new WherryError(
    'ERR_CONFIG',
    `"${absolute}" has bytes that are not UTF-8, by which nothing is found; rename it`,
  )
}

/** Why what stands at an absolute path cannot be opened as a database; undefined when its name does not forbid it. */
export function unfitName(path: string): string | undefined {
  if (path.includes(NOT_UTF8)) return 'its path has bytes that are not UTF-8; rename it'
  // better-sqlite3 trims the path: it would open, and make, another file.
  return path.trimEnd() === path ? undefined : 'its name ends in white space; rename it'
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

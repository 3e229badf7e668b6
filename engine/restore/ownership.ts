import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Whose the restored files shall be; what is undefined stays as the system makes it. */
export interface Ownership {
  /** Permissions of the database file. @default 0o600 */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

export function fileMode({ mode = 0o600 }: Ownership): number {
  return mode & 0o777
}

/** Folders can be searched by those who can read the file. */
export function folderMode(ownership: Ownership): number {
  const mode = fileMode(ownership)
  return 0o700 | mode | ((mode & 0o444) >> 2)
}

/** Gives a file to its owner. Without the right to do so the file is kept as it is, with a warning. */
export function giveTo(
  { uid = -1, gid = -1 }: Ownership,
  path: string,
  chown: (uid: number, gid: number) => void,
  logger: Logger,
): void {
  if (uid === -1 && gid === -1) return
  try {
    chown(uid, gid)
  } catch (error) {
    logger.warn('cannot change the owner of a restored file', { path, uid, gid, error: messageOf(error) })
  }
}

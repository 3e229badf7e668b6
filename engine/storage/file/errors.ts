import { messageOf, systemCode, WherryError } from '../../errors.ts'

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'give this user the right to',
  EPERM: 'give this user the right to',
  EROFS: 'mount it writable',
  ENOSPC: 'make room on its file system',
  EDQUOT: 'raise the quota or make room',
  ENOTDIR: 'a part of this path is a file, choose another path',
}

/** What the file system refused, as ERR_STORAGE_LOCAL. `action` reads as in "Cannot write /replica/x". */
export function localError(action: string, error: unknown): WherryError {
  if (error instanceof WherryError) return error
  const advice = ADVICE[systemCode(error) ?? '']
  const hint = advice === undefined ? '' : ` (${advice})`
  return new WherryError('ERR_STORAGE_LOCAL', `Cannot ${action}: ${messageOf(error)}${hint}`, { cause: error })
}

/** The result of a file system call, its failure as {@link localError}. */
export async function local<T>(action: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw localError(action, error)
  }
}

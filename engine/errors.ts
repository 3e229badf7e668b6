/**
 * What can go wrong, by a stable code. The command line maps each code to an exit status; docs/errors.md lists them.
 */
export type ErrorCode =
  | 'ERR_USAGE'
  | 'ERR_CONFIG'
  | 'ERR_DATABASE_INVALID'
  | 'ERR_DATABASE_ACCESS'
  | 'ERR_DATABASE_BUSY'
  | 'ERR_DATABASE_CONFLICT'
  | 'ERR_OBJECT_NOT_FOUND'
  | 'ERR_STORAGE_NO_BUCKET'
  | 'ERR_STORAGE_DENIED'
  | 'ERR_STORAGE_UNREACHABLE'
  | 'ERR_STORAGE_LOCAL'
  | 'ERR_NO_BACKUP'
  | 'ERR_BOOT_UNKNOWN'
  | 'ERR_REPLICA_DAMAGED'
  | 'ERR_OUTPUT_EXISTS'
  | 'ERR_OUTPUT_ACCESS'
  | 'ERR_CANCELLED'
  | 'ERR_HOOK_FAILED'
  | 'ERR_ENGINE_DIED'
  | 'ERR_NOT_DURABLE'

/**
 * The one error class of Wherry. Match by `code`, never by message: the message is for people and names the file,
 * key or object and what to do. It never holds a secret.
 */
export class WherryError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'WherryError'
    this.code = code
  }
}

/** True when `error` is a WherryError with one of `codes`. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is WherryError {
  return error instanceof WherryError && codes.includes(error.code)
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The `code` that Node and the SDKs put on their errors (`ENOENT`, `ECONNREFUSED`), if there is one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

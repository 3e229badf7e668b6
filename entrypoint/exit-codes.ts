import { type ErrorCode, WherryError } from '../engine/errors.ts'

/**
 * The exit status of each error, so that scripts can tell "no backup" from "storage is down". Numbers are those of BSD's
 * sysexits.h where one fits; docs/exit-codes.md says what to do about each.
 */
export const exitStatuses = {
  ERR_USAGE: 64,
  ERR_CONFIG: 78,
  ERR_DATABASE_INVALID: 65,
  ERR_DATABASE_ACCESS: 73,
  ERR_DATABASE_BUSY: 75,
  ERR_DATABASE_CONFLICT: 74,
  ERR_OBJECT_NOT_FOUND: 65,
  ERR_STORAGE_NO_BUCKET: 69,
  ERR_STORAGE_DENIED: 77,
  ERR_STORAGE_UNREACHABLE: 69,
  ERR_STORAGE_LOCAL: 73,
  ERR_NO_BACKUP: 66,
  ERR_BOOT_UNKNOWN: 76,
  ERR_REPLICA_DAMAGED: 65,
  ERR_OUTPUT_EXISTS: 73,
  ERR_OUTPUT_ACCESS: 73,
  ERR_CANCELLED: 130,
  ERR_HOOK_FAILED: 71,
  ERR_ENGINE_DIED: 70,
  ERR_NOT_DURABLE: 75,
} as const satisfies Record<ErrorCode, number>

/** The status of anything that is not a WherryError: a bug. */
export const UNEXPECTED_STATUS = 1

/** The exit status for anything that was thrown. */
export function exitStatus(error: unknown): number {
  return error instanceof WherryError ? exitStatuses[error.code] : UNEXPECTED_STATUS
}

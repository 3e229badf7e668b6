import type { CheckRequest, ReplicaReport } from '../check/report.ts'
import type { DatabaseStatus } from '../engine.ts'
import { type ErrorCode, messageOf, WherryError } from '../errors.ts'
import type { Examination } from '../lineage/examine.ts'
import type { LocalDatabase } from '../lineage/inspect.ts'
import type { LogFields, LogLevel } from '../log.ts'
import type { DatabaseOptions } from '../options.ts'
import type { Progress } from '../progress.ts'
import type { RestoreRequest, RestoreResult } from '../restore/restore.ts'
import type { RestoreSource } from '../restore/restore-from.ts'

/** What the thread can be asked to do: the parameters and the result of each call. */
export interface Calls {
  start: { params: readonly DatabaseOptions[]; result: undefined }
  stop: { params: string; result: undefined }
  whenSynced: { params: undefined; result: undefined }
  status: { params: undefined; result: DatabaseStatus[] }
  close: { params: undefined; result: undefined }
  examine: { params: DatabaseOptions; result: Examination }
  inspect: { params: string; result: LocalDatabase }
  acceptLocal: { params: DatabaseOptions; result: undefined }
  restore: {
    params: { sources: readonly RestoreSource[]; request: RestoreRequest; wantsProgress: boolean }
    result: RestoreResult
  }
  check: {
    params: { source: RestoreSource; request: CheckRequest; wantsProgress: boolean }
    result: ReplicaReport
  }
}

export type Method = keyof Calls

/** To the thread. A call is cancelled by its id. */
export type Request =
  | { readonly id: number; readonly method: Method; readonly params: Calls[Method]['params'] }
  | { readonly id: number; readonly cancel: true }
  /** Nothing was asked, and nothing will be. */
  | { readonly end: true }

/** From the thread. */
export type Message =
  | { readonly id: number; readonly result: Calls[Method]['result'] }
  | { readonly id: number; readonly error: PlainError }
  | { readonly id: number; readonly progress: Progress }
  | { readonly log: { readonly level: LogLevel; readonly message: string; readonly fields: LogFields } }

/** An error as plain data: structured clone keeps neither class nor code. */
export interface PlainError {
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly stack: string | undefined
}

export function toPlainError(error: unknown): PlainError {
  return {
    code: error instanceof WherryError ? error.code : undefined,
    message: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  }
}

export function fromPlainError({ code, message, stack }: PlainError): Error {
  const error = code === undefined ? new Error(message) : new WherryError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}

import { writeSync } from 'node:fs'
import { messageOf, WherryError } from '../errors.ts'

/** The error of a call on the file system for the restored database. @param what as in "Cannot write /data/app.db" */
export function outputError(what: string, cause: unknown): WherryError {
  return new WherryError('ERR_OUTPUT_ACCESS', `Cannot ${what}: ${messageOf(cause)}`, { cause })
}

/** Runs a call on the file system for the restored database. @throws WherryError ERR_OUTPUT_ACCESS */
export function output<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw outputError(what, error)
  }
}

/** Writes all of `bytes` at `position`. @throws WherryError ERR_OUTPUT_ACCESS */
export function writeAll(file: number, path: string, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += output(`write ${path}`, () => writeSync(file, bytes, at, bytes.length - at, position + at))
  }
}

import { write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { messageOf, WherryError } from '../errors.ts'

const writeLater = promisify(write)

/** Longer writes are cut: for 2 MiB and more Linux looks for huge pages, which was measured to take ten times as long. */
const MAX_WRITE = 1 << 20

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
    at += output(`write ${path}`, () =>
      writeSync(file, bytes, at, Math.min(MAX_WRITE, bytes.length - at), position + at),
    )
  }
}

/** As {@link writeAll}, in a thread of Node's pool. `bytes` must not change meanwhile, nor `file` be closed. */
export async function writeAllAside(file: number, path: string, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) {
      at += (await writeLater(file, bytes, at, Math.min(MAX_WRITE, bytes.length - at), position + at)).bytesWritten
    }
  } catch (error) {
    throw outputError(`write ${path}`, error)
  }
}

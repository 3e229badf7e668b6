import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'

/** How a command that could not be started counts, as in a shell, and why. */
export interface StartFailure {
  readonly status: number
  readonly failure: string
}

const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** The system reads no more of a script's first line. */
const FIRST_LINE_BYTES = 256

/**
 * A bad working directory, which the system reports as if the command were missing.
 * @throws WherryError ERR_CONFIG
 */
export function requireFolder(cwd: string): void {
  try {
    if (!statSync(cwd).isDirectory()) throw new Error('it is not a directory')
    accessSync(cwd, constants.X_OK)
  } catch (error) {
    throw new WherryError('ERR_CONFIG', `The app's working directory ${cwd} cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/**
 * Why `file` could not be started: 127 when it, or the interpreter in its first line, is not there, and otherwise 126.
 * @param path the folders that `file` was looked for in, as in PATH
 */
export function explainStartFailure(file: string, cause: unknown, cwd: string, path: string): StartFailure {
  if (file === '') return { status: NOT_FOUND, failure: 'The command is empty' }
  if (systemCode(cause) !== 'ENOENT') {
    return { status: NOT_EXECUTABLE, failure: `${file} could not be started: ${messageOf(cause)}` }
  }
  const found = findCommand(file, cwd, path)
  if (found === undefined) {
    return { status: NOT_FOUND, failure: `${file} was not found${file.includes('/') ? '' : ' in PATH'}` }
  }
  const interpreter = interpreterOf(found)
  const missing =
    interpreter === undefined
      ? 'the loader that it was linked for is not there'
      : `${interpreter}, the interpreter in its first line, was not found`
  return { status: NOT_FOUND, failure: `${found} could not be started: ${missing}` }
}

function findCommand(file: string, cwd: string, path: string): string | undefined {
  const candidates = file.includes('/') ? [file] : path.split(':').map((folder) => join(folder, file))
  return candidates
    .map((candidate) => resolve(cwd, candidate))
    .find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile())
}

function interpreterOf(script: string): string | undefined {
  try {
    const descriptor = openSync(script, 'r')
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES)
      const line = bytes.toString('utf8', 0, readSync(descriptor, bytes)).split('\n', 1)[0] ?? ''
      // A carriage return at the end is the most frequent reason why an interpreter is not there: show it.
      const interpreter = /^#![ \t]*([^ \t]+)/.exec(line)?.[1]
      return interpreter?.replace('\r', '\\r')
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined // it may be executed, but not read
  }
}

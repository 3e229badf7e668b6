import { closeSync, constants, openSync, readSync } from 'node:fs'
import { systemCode, WherryError } from '../../engine/errors.ts'
import { looksLikeSecret, NOT_A_PATH } from '../../engine/storage/secret-text.ts'
import type { Environment } from './expand-env.ts'
import { fileVariable } from './foreign-secrets.ts'

const READ_BYTES = 4096
/** Gap between two looks whether a pipe has more. */
const PIPE_GAP_MS = 10
const LINE_BREAK = /\r?\n$/

/** The secret that is to be taken instead of what `name` has: that of its file, or without its line break; if there is one. */
export function readSecret(env: Environment, name: string): string | undefined {
  const variable = fileVariable(name)
  const file = env[variable]
  const own = env[name]
  if (!file) return own !== undefined && LINE_BREAK.test(own) ? own.replace(LINE_BREAK, '') : undefined
  if (own) throw new WherryError('ERR_CONFIG', `${name} and ${variable} are both set; unset one of them`)
  const secret = readText(file, variable).replace(LINE_BREAK, '')
  if (secret === '') throw new WherryError('ERR_CONFIG', `${variable}: the file that it names is empty`)
  return secret
}

/** Waits for what a pipe (`<(command)`) still brings. */
function readAll(descriptor: number): string {
  const chunks: Buffer[] = []
  const chunk = Buffer.alloc(READ_BYTES)
  for (;;) {
    try {
      const length = readSync(descriptor, chunk)
      if (length === 0) return Buffer.concat(chunks).toString('utf8')
      chunks.push(Buffer.from(chunk.subarray(0, length)))
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_GAP_MS)
    }
  }
}

function readText(file: string, variable: string): string {
  try {
    // A pipe that nobody writes to would hold everything up, and TERM too.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return readAll(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error'
    const advice = looksLikeSecret(file) ? NOT_A_PATH : 'give the path of a file, not the secret itself'
    throw new WherryError('ERR_CONFIG', `${variable}: the file that it names cannot be read (${code}); ${advice}`)
  }
}

import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { messageOf, systemCode, WherryError } from '../../errors.ts'
import type { SftpStorageOptions } from '../options.ts'
import { looksLikeSecret, NOT_A_PATH } from '../secret-text.ts'

/** What the server is offered: the key first, then the agent, then the password. */
export interface Login {
  readonly privateKey: Buffer | undefined
  readonly passphrase: string | undefined
  readonly agent: string | undefined
  readonly password: string | undefined
  /** As messages tell it; no secrets. */
  readonly offered: readonly string[]
}

/**
 * Reads the key file. An agent that cannot be reached is left out when there is something else to offer.
 * @throws WherryError ERR_STORAGE_LOCAL for a key file that cannot be read, or an agent that is all there is
 */
export async function prepareLogin(options: SftpStorageOptions): Promise<Login> {
  const { keyPath, keyPassphrase: passphrase, password } = options
  const privateKey = keyPath === undefined ? undefined : await readKey(keyPath)
  const isAlone = privateKey === undefined && password === undefined
  const agent = options.agent === undefined ? undefined : await reachableAgent(options.agent, isAlone)
  const offered = [
    ...(keyPath === undefined ? [] : [`key file ${keyPath}`]),
    ...(agent === undefined ? [] : [`agent ${agent}`]),
    ...(password === undefined ? [] : ['password']),
  ]
  return { privateKey, passphrase, agent, password, offered }
}

async function readKey(path: string): Promise<Buffer> {
  if (looksLikeSecret(path)) throw new WherryError('ERR_STORAGE_LOCAL', `The path of the key file: ${NOT_A_PATH}`)
  try {
    return await readFile(path)
  } catch (error) {
    throw keyFileError(path, messageOf(error), 'correct key-path, or give this user the right to read it', error)
  }
}

function keyFileError(path: string, problem: string, advice: string, cause: unknown): WherryError {
  return new WherryError('ERR_STORAGE_LOCAL', `Cannot use the key file ${path}: ${problem} (${advice})`, { cause })
}

/** How ssh2 words its refusal of a key, which it gives no code. */
const KEY_PROBLEMS: readonly [RegExp, problem: string, advice: string][] = [
  [/no passphrase given/i, 'it is encrypted', 'set key-passphrase'],
  [/bad passphrase|bad decrypt|integrity check failed/i, 'the passphrase is wrong', 'correct key-passphrase'],
  [/Cannot parse privateKey/i, 'it is no private key in a known format', 'give one made by ssh-keygen'],
  [/\(valid\) private key/i, 'it is a public key', 'give the private one'],
]

/** What ssh2 said of the key file, as ERR_STORAGE_LOCAL; undefined when `error` is about something else. */
export function keyProblem(error: unknown, keyPath: string | undefined): WherryError | undefined {
  const found = KEY_PROBLEMS.find(([pattern]) => pattern.test(messageOf(error)))
  if (found === undefined || keyPath === undefined) return undefined
  const [, problem, advice] = found
  return keyFileError(keyPath, problem, advice, error)
}

/** Asked before ssh2 does: that would give up the whole login when an agent does not answer. */
async function reachableAgent(path: string, isAlone: boolean): Promise<string | undefined> {
  const socket = createConnection(path)
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return path
  } catch (error) {
    if (!isAlone) return undefined
    const text = `Cannot reach the agent at ${path} (${systemCode(error)}): start it, or set a key file or a password`
    throw new WherryError('ERR_STORAGE_LOCAL', text, { cause: error })
  } finally {
    socket.destroy()
  }
}

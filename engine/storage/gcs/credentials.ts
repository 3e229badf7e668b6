import { createPrivateKey } from 'node:crypto'
import { WherryError } from '../../errors.ts'
import type { GcsStorageOptions } from '../options.ts'
import { parseObject } from './errors.ts'

/**
 * The configured service account's key, parsed; undefined when there is none. No other kind of credentials can be given
 * here: those name addresses to send tokens to and programs to run, and Google wants them to be files that somebody vouches for.
 *
 * @throws WherryError ERR_CONFIG that says what is wrong with it, and nothing of what it holds
 */
export function configuredKey(options: GcsStorageOptions): object | undefined {
  if (options.credentials === undefined) return undefined
  const key = parseObject(options.credentials)
  const fault = key === undefined ? 'are not JSON: give the content of the key file' : faultOf(key)
  if (fault === undefined) return key
  throw new WherryError('ERR_CONFIG', `credentials of the replica in bucket "${options.bucket}" ${fault}`)
}

function faultOf(key: object): string | undefined {
  const { type, client_email, private_key } = key as Record<string, unknown>
  if (type !== 'service_account') {
    return "are no service account's key: name a file with others in GOOGLE_APPLICATION_CREDENTIALS"
  }
  if (typeof client_email !== 'string') return 'have no client_email: give the whole content of the key file'
  if (isPrivateKey(private_key)) return undefined
  return 'have no private_key that can be read: JSON has its line breaks as \\n'
}

function isPrivateKey(text: unknown): boolean {
  if (typeof text !== 'string') return false
  try {
    createPrivateKey(text)
    return true
  } catch {
    return false
  }
}

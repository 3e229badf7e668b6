import { createPrivateKey } from 'node:crypto'
import { WherryError } from '../../errors.ts'
import type { GcsStorageOptions } from '../options.ts'
import { parseObject } from './errors.ts'

/** The kinds of credentials that Google hands out as a JSON file, and the SDK knows. */
const TYPES = [
  'service_account',
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
] as const

/**
 * The configured credentials, parsed; undefined when there are none.
 * @throws WherryError ERR_CONFIG that says what is wrong with them, and nothing of what they hold
 */
export function configuredCredentials(options: GcsStorageOptions): object | undefined {
  if (options.credentials === undefined) return undefined
  const broken = (why: string) =>
    new WherryError('ERR_CONFIG', `credentials of the replica in bucket "${options.bucket}" ${why}`)
  const json = parseObject(options.credentials)
  if (json === undefined) throw broken('are not JSON: give the content of the key file, or mount it as a file')
  const { type, client_email, private_key } = json as Record<string, unknown>
  if (!TYPES.some((known) => known === type))
    throw broken(`have no type that is known: it is one of ${TYPES.join(', ')}`)
  if (type === 'service_account') {
    if (typeof client_email !== 'string') throw broken('have no client_email: give the whole content of the key file')
    if (!isPrivateKey(private_key)) {
      throw broken('have no private_key that can be read: its line breaks are written \\n in JSON')
    }
  }
  return json
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

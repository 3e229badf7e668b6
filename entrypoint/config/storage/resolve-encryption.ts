import { readFileSync } from 'node:fs'
import { systemCode } from '../../../engine/errors.ts'
import type { S3Encryption } from '../../../engine/storage/options.ts'
import { NOT_A_PATH } from '../../../engine/storage/secret-text.ts'
import { secretPath } from '../paths.ts'
import type { ReplicaSection } from '../replica-keys.ts'

const CUSTOMER_KEY_BYTES = 32

/**
 * How the service is to encrypt what it stores.
 * @throws WherryError ERR_CONFIG for two ways at once, and for a key that is not one
 */
export function resolveEncryption(section: ReplicaSection): S3Encryption | undefined {
  const { values, error } = section
  const { sse, 'sse-kms-key-id': keyId } = values
  const keyBase64 = customerKey(section)
  if (keyBase64 !== undefined) {
    for (const key of ['sse', 'sse-kms-key-id'] as const) {
      if (values[key] !== undefined)
        throw error(key, `${key} and sse-customer-key exclude each other; drop one of them`)
    }
    return { kind: 'customer', keyBase64 }
  }
  if (keyId !== undefined) {
    if (sse === 'AES256') throw error('sse-kms-key-id', 'sse-kms-key-id goes with sse: aws:kms, not with AES256')
    return { kind: 'aws:kms', keyId }
  }
  return sse === 'aws:kms' ? { kind: sse, keyId } : sse && { kind: sse }
}

function customerKey({ values, error }: ReplicaSection): string | undefined {
  const path = values['sse-customer-key-path']
  const own = values['sse-customer-key']
  if (path !== undefined && own !== undefined) {
    throw error('sse-customer-key-path', 'sse-customer-key and sse-customer-key-path are both set; drop one of them')
  }
  const text = path === undefined ? own : readKey(path, error)
  if (text === undefined && values['sse-customer-algorithm'] !== undefined) {
    throw error('sse-customer-algorithm', 'sse-customer-algorithm is set without sse-customer-key')
  }
  if (text === undefined || isKey(text)) return text
  throw error(path === undefined ? 'sse-customer-key' : 'sse-customer-key-path', 'it is not the base64 of 32 bytes')
}

function readKey(text: string, error: ReplicaSection['error']): string {
  if (isKey(text)) throw error('sse-customer-key-path', NOT_A_PATH)
  const path = secretPath(text, (message) => error('sse-customer-key-path', message))
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw error('sse-customer-key-path', `${path} cannot be read (${systemCode(cause)})`)
  }
}

/** Node decodes whatever looks like base64: only what encodes to the same text is a key. */
function isKey(text: string): boolean {
  const key = Buffer.from(text, 'base64')
  return key.length === CUSTOMER_KEY_BYTES && key.toString('base64') === text
}

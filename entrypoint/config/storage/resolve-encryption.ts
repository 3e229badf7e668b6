import type { S3Encryption } from '../../../engine/storage/options.ts'
import type { ReplicaSection } from '../replica-keys.ts'

const CUSTOMER_KEY_BYTES = 32

/**
 * How the service is to encrypt what it stores.
 * @throws WherryError ERR_CONFIG for two ways at once, and for a key that is not one
 */
export function resolveEncryption({ values, error }: ReplicaSection): S3Encryption | undefined {
  const { sse, 'sse-kms-key-id': keyId, 'sse-customer-key': keyBase64 } = values
  if (keyBase64 !== undefined) {
    for (const key of ['sse', 'sse-kms-key-id'] as const) {
      if (values[key] !== undefined) throw error(key, `${key} and sse-customer-key are both set; drop one of them`)
    }
    if (!isKey(keyBase64)) throw error('sse-customer-key', 'it is not the base64 of 32 bytes')
    return { kind: 'customer', keyBase64 }
  }
  if (keyId !== undefined) {
    if (sse === 'AES256') throw error('sse-kms-key-id', 'sse-kms-key-id goes with sse: aws:kms, not with AES256')
    return { kind: 'aws:kms', keyId }
  }
  return sse === 'aws:kms' ? { kind: sse, keyId } : sse && { kind: sse }
}

/** Node decodes whatever looks like base64: only what encodes to the same text is a key. */
function isKey(text: string): boolean {
  const key = Buffer.from(text, 'base64')
  return key.length === CUSTOMER_KEY_BYTES && key.toString('base64') === text
}

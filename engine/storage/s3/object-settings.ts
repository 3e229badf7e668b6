import type { StorageClass } from '@aws-sdk/client-s3'
import { WherryError } from '../../errors.ts'
import type { S3StorageOptions } from '../options.ts'
import { endpointUrl } from './client.ts'

/** Classes whose objects have to be asked for hours before they can be read. */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE']

const KEY_BYTES = 32

interface CustomerKey {
  readonly SSECustomerAlgorithm?: 'AES256'
  readonly SSECustomerKey?: string
}

/** What requests about objects say beside the key: class and encryption. */
export interface ObjectSettings {
  /** When an object is made, whole or by an upload in parts. */
  readonly create: CustomerKey & {
    readonly StorageClass?: StorageClass
    readonly ServerSideEncryption?: 'AES256' | 'aws:kms'
    readonly SSEKMSKeyId?: string
  }
  /** With each part, and when an object is read. */
  readonly touch: CustomerKey
}

/**
 * @throws WherryError ERR_CONFIG for a class that cannot be restored from, a customer key that is none, and one that
 *   would travel unencrypted
 */
export function objectSettings(options: S3StorageOptions): ObjectSettings {
  const { bucket, storageClass, encryption } = options
  if (storageClass !== undefined && ARCHIVES.includes(storageClass)) {
    const reason = 'its objects cannot be read at once, and so not restored: use STANDARD_IA or GLACIER_IR'
    throw new WherryError(
      'ERR_CONFIG',
      `The replica in bucket "${bucket}" has storage class ${storageClass}; ${reason}`,
    )
  }
  // The SDK's type lists the classes of AWS; other services have others.
  const create = storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }
  switch (encryption?.kind) {
    case undefined:
      return { create, touch: {} }
    case 'AES256':
      return { create: { ...create, ServerSideEncryption: 'AES256' }, touch: {} }
    case 'aws:kms': {
      const key = encryption.keyId === undefined ? {} : { SSEKMSKeyId: encryption.keyId }
      return { create: { ...create, ServerSideEncryption: 'aws:kms', ...key }, touch: {} }
    }
    case 'customer': {
      const touch = customerKey(options, encryption.keyBase64)
      return { create: { ...create, ...touch }, touch }
    }
  }
}

function customerKey({ bucket, endpoint }: S3StorageOptions, keyBase64: string): CustomerKey {
  const bytes = Buffer.from(keyBase64, 'base64')
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== keyBase64) {
    const advice = `give ${KEY_BYTES} bytes in base64, as "openssl rand -base64 ${KEY_BYTES}" prints them`
    throw new WherryError('ERR_CONFIG', `The customer key of the replica in bucket "${bucket}" is not one: ${advice}`)
  }
  if (endpointUrl(endpoint)?.startsWith('http://')) {
    const advice = 'a customer key is only sent over https'
    throw new WherryError('ERR_CONFIG', `The endpoint of the replica in bucket "${bucket}" is ${endpoint}: ${advice}`)
  }
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: keyBase64 }
}

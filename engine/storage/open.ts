import { WherryError } from '../errors.ts'
import type { StorageClient } from './client.ts'
import type { Meter } from './meter.ts'
import type { ReplicaPlace, StorageOptions } from './options.ts'

export interface OpenOptions {
  /** Counts what is asked of the storage. @default nothing does */
  readonly meter?: Meter
}

/**
 * A client for this place. The module of a type, and with it the SDK, is loaded when the type is first used.
 * @throws WherryError ERR_CONFIG for options that cannot be right
 */
export async function openStorage({ storage, age }: ReplicaPlace, { meter }: OpenOptions = {}): Promise<StorageClient> {
  const stored = await openType(storage)
  const counted = meter === undefined ? stored : new (await import('./metered.ts')).MeteredStorage(stored, meter)
  return age === undefined ? counted : new (await import('./age/storage.ts')).AgeStorage(counted, age)
}

async function openType(options: StorageOptions): Promise<StorageClient> {
  switch (options.type) {
    case 'file':
      return new (await import('./file/storage.ts')).FileStorage(options)
    case 's3':
      return new (await import('./s3/storage.ts')).S3Storage(options)
    case 'abs':
      return new (await import('./abs/storage.ts')).AbsStorage(options)
    case 'gcs':
      return new (await import('./gcs/storage.ts')).GcsStorage(options)
    case 'sftp':
      throw new WherryError('ERR_NOT_BUILT', `Replica type ${options.type} is not built yet`)
  }
}

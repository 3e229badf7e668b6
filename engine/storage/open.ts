import type { StorageClient, StorageWarning } from './client.ts'
import type { Meter } from './meter.ts'
import type { ReplicaPlace, StorageOptions } from './options.ts'

export interface OpenOptions {
  /** Counts what is asked of the storage. @default nothing does */
  readonly meter?: Meter
  /** Told what is no failure and should be known all the same. @default nobody is */
  readonly warn?: StorageWarning
}

/**
 * A client for this place. The module of a type, and with it the SDK, is loaded when the type is first used.
 * @throws WherryError ERR_CONFIG for options that cannot be right
 */
export async function openStorage(
  { storage, age }: ReplicaPlace,
  { meter, warn }: OpenOptions = {},
): Promise<StorageClient> {
  const stored = await openType(storage, warn)
  const counted = meter === undefined ? stored : new (await import('./metered.ts')).MeteredStorage(stored, meter)
  return age === undefined ? counted : new (await import('./age/storage.ts')).AgeStorage(counted, age)
}

async function openType(options: StorageOptions, warn: StorageWarning | undefined): Promise<StorageClient> {
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
      return new (await import('./sftp/storage.ts')).SftpStorage(options, warn)
  }
}

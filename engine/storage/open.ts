import { WherryError } from '../errors.ts'
import type { StorageClient } from './client.ts'
import type { ReplicaPlace, StorageOptions } from './options.ts'

/** A client for this place. The module of a type, and with it the SDK, is loaded when the type is first used. */
export async function openStorage({ storage }: ReplicaPlace): Promise<StorageClient> {
  return await openType(storage)
}

async function openType(options: StorageOptions): Promise<StorageClient> {
  switch (options.type) {
    case 'file':
      return new (await import('./file/storage.ts')).FileStorage(options)
    case 's3':
      return new (await import('./s3/storage.ts')).S3Storage(options)
    case 'abs':
    case 'gcs':
    case 'sftp':
      throw new WherryError('ERR_NOT_BUILT', `Replica type ${options.type} is not built yet`)
  }
}

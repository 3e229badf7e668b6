import type { StorageOptions } from '../options.ts'
import type { StorageClient } from './client.ts'

/** A client for these options. The module of a type, and with it the SDK, is loaded when the type is first used. */
export async function openStorage(options: StorageOptions): Promise<StorageClient> {
  switch (options.type) {
    case 'file':
      return new (await import('./file.ts')).FileStorage(options)
    case 's3':
      return new (await import('./s3.ts')).S3Storage(options)
  }
}

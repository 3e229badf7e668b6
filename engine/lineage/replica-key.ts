import type { StorageOptions } from '../storage/options.ts'

/** A replica's place as a text without secrets, the same whatever the replica is called. */
export function replicaKey(storage: StorageOptions): string {
  return JSON.stringify(placeOf(storage))
}

/** What says which place it is, and nothing that may change while the place stays the same. */
function placeOf(storage: StorageOptions): readonly (string | number | undefined)[] {
  switch (storage.type) {
    case 'file':
      return [storage.type, storage.path]
    case 's3':
    case 'gcs':
      return [storage.type, storage.endpoint, storage.bucket, storage.path]
    case 'abs':
      return [storage.type, storage.endpoint ?? storage.accountName, storage.bucket, storage.path]
    case 'sftp':
      return [storage.type, storage.host, storage.port, storage.user, storage.path]
  }
}

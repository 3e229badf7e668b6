import { createHash } from 'node:crypto'
import type { StorageOptions } from '../options.ts'

/** A replica's place as a short text without secrets, the same whatever the replica is called. */
export function replicaKey(storage: StorageOptions): string {
  return createHash('sha256')
    .update(JSON.stringify(placeOf(storage)))
    .digest('hex')
    .slice(0, 16)
}

function placeOf(storage: StorageOptions): readonly (string | undefined)[] {
  switch (storage.type) {
    case 'file':
      return [storage.type, storage.path]
    case 's3':
      return [storage.type, storage.endpoint, storage.bucket, storage.path]
  }
}

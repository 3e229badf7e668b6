import type { FileStorageOptions, StorageOptions } from '../../../engine/storage/options.ts'
import { absolutePath } from '../paths.ts'
import type { ReplicaSection } from '../replica-keys.ts'
import { resolveAbs } from './resolve-abs.ts'
import { resolveGcs } from './resolve-gcs.ts'
import { resolveS3 } from './resolve-s3.ts'
import { resolveSftp } from './resolve-sftp.ts'

/**
 * Where a replica is.
 * @param section as completeReplica gives it
 * @throws WherryError ERR_CONFIG for what is missing or can't be right
 */
export function resolveStorage(section: ReplicaSection): StorageOptions {
  switch (section.values.type) {
    case 's3':
      return resolveS3(section)
    case 'abs':
      return resolveAbs(section)
    case 'gcs':
      return resolveGcs(section)
    case 'sftp':
      return resolveSftp(section)
    default:
      return resolveFile(section)
  }
}

function resolveFile({ values: { path }, error }: ReplicaSection): FileStorageOptions {
  if (!path) throw error(undefined, 'a file replica needs path, or url')
  return { type: 'file', path: absolutePath(path) }
}

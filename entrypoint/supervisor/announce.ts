import type { Logger, StorageOptions } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'

/** Litestream's lines about what is replicated to where. */
export function announce(config: Config, logger: Logger): void {
  if (config.databases.length === 0) logger.error('no databases specified in configuration')
  for (const { path, replicas } of config.databases) {
    logger.info('initialized db', { path })
    if (replicas.length === 0) logger.warn('database has no replica: it is not backed up', { db: path })
    for (const { name, storage, syncIntervalMs } of replicas) {
      logger.info('replicating to', {
        name,
        type: storage.type,
        'sync-interval': formatDuration(syncIntervalMs),
        ...placeOf(storage),
      })
    }
  }
}

function placeOf(storage: StorageOptions): Record<string, string | undefined> {
  switch (storage.type) {
    case 'file':
      return { path: storage.path }
    case 's3':
      return {
        bucket: storage.bucket,
        path: storage.path,
        region: storage.region ?? '',
        endpoint: storage.endpoint ?? '',
      }
    case 'gcs':
      return { bucket: storage.bucket, path: storage.path }
    case 'abs':
      return { bucket: storage.bucket, path: storage.path, endpoint: storage.endpoint ?? '' }
    case 'sftp':
      return { host: storage.host, user: storage.user, path: storage.path }
  }
}

import type { DatabaseOptions, Logger, StorageOptions } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'

/** Litestream's lines about what is replicated to where, with all that says where. */
export function announce({ databases, directories }: Config, logger: Logger): void {
  if (databases.length + directories.length === 0) logger.error('no databases specified in configuration')
  for (const database of databases) announceDatabase(database, logger)
}

/** The same about one database. */
export function announceDatabase({ path, replicas }: DatabaseOptions, logger: Logger): void {
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
    case 'abs':
      return { bucket: storage.bucket, path: storage.path, endpoint: storage.endpoint ?? '' }
    case 'sftp':
      return { host: storage.host, port: String(storage.port), user: storage.user, path: storage.path }
  }
}

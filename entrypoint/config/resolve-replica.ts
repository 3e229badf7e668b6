import type { ReplicaOptions } from '../../engine/options.ts'
import { resolveStorage } from './resolve-storage.ts'
import type { ConfigSection, ReplicaSection } from './schema.ts'

/**
 * One replica, resolved. A replica without a name is called by its type.
 * @param top has the credentials of replicas without their own
 * @param warn gets a sentence for each setting that does nothing yet
 * @throws WherryError ERR_CONFIG, ERR_NOT_BUILT
 */
export function resolveReplica(
  section: ReplicaSection,
  top: ConfigSection,
  warn: (warning: string) => void,
): ReplicaOptions {
  const { values } = section
  if (Object.values(values.age.values).some((list) => list !== undefined && list.length > 0)) {
    throw section.error('age', 'encryption with age is not built yet; remove its keys', 'ERR_NOT_BUILT')
  }
  if (values['validation-interval'] !== undefined) {
    warn(section.error('validation-interval', 'backups are not validated yet').message)
  }
  const storage = resolveStorage(section, top)
  return {
    name: values.name ?? storage.type,
    storage,
    syncIntervalMs: positive(section, 'sync-interval'),
    retentionMs: Math.max(values.retention, 0),
    retentionCheckIntervalMs: positive(section, 'retention-check-interval'),
    snapshotIntervalMs: Math.max(values['snapshot-interval'], 0),
  }
}

function positive(section: ReplicaSection, key: 'sync-interval' | 'retention-check-interval'): number {
  const value = section.values[key]
  if (value > 0) return value
  throw section.error(key, `${key} must be above 0`)
}

import type { ReplicaOptions } from '../../engine/options.ts'
import type { ReplicaSection } from './replica-keys.ts'
import { resolveAge } from './resolve-age.ts'
import { resolveStorage } from './storage/resolve-storage.ts'

/**
 * One replica, resolved. A replica without a name is called by its type.
 * @param section as completeReplica gives it
 * @throws WherryError ERR_CONFIG
 */
export function resolveReplica(section: ReplicaSection): ReplicaOptions {
  const { values } = section
  const storage = resolveStorage(section)
  const age = resolveAge(values.age)
  return {
    name: values.name ?? storage.type,
    storage,
    ...(age === undefined ? {} : { age }),
    syncIntervalMs: positive(section, 'sync-interval'),
    retentionMs: Math.max(values.retention, 0),
    retentionCheckIntervalMs: positive(section, 'retention-check-interval'),
    snapshotIntervalMs: Math.max(values['snapshot-interval'], 0),
    validationIntervalMs: Math.max(values['validation-interval'], 0),
  }
}

function positive(section: ReplicaSection, key: 'sync-interval' | 'retention-check-interval'): number {
  const value = section.values[key]
  if (value > 0) return value
  throw section.error(key, `${key} must be above 0`)
}

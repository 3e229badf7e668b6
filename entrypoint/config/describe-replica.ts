import type { ReplicaOptions } from '../../engine/options.ts'
import type { StorageOptions } from '../../engine/storage/options.ts'
import { ageKeys, hasKey, type ReplicaSection, replicaKeys } from './replica-keys.ts'
import { describeSection, type Resolved, type Setting } from './settings.ts'

/**
 * The keys of a replica that its type has.
 * @param section as completeReplica gives it
 * @param path before each key
 */
export function describeReplica(replica: ReplicaOptions, section: ReplicaSection, path: string): Setting[] {
  const { type } = replica.storage
  const settings = describeSection(replicaKeys, section, resolvedOf(replica, section), path, (key) =>
    credentialKeys.includes(key) ? chains[type] : undefined,
  )
  const age = describeSection(ageKeys, section.values.age, ageOf(replica), `${path}age.`)
  return [...settings, ...age].flatMap((setting) => {
    const key = setting.key.slice(path.length)
    if (!hasKey(type, key)) return []
    // The scheme of the URL wins over the key.
    return key === 'type' && section.values.url !== undefined ? { ...setting, from: 'url' } : setting
  })
}

function ageOf({ age }: ReplicaOptions): Resolved<typeof ageKeys> {
  return { identities: age?.identities, recipients: age?.recipients }
}

/** Who has the credentials that are not set. */
const chains: Partial<Record<StorageOptions['type'], string>> = {
  s3: 'AWS default chain',
  abs: 'Azure default chain',
  gcs: 'Application Default Credentials',
}

const credentialKeys: readonly string[] = ['access-key-id', 'secret-access-key', 'account-key', 'credentials']

/** What the file or a default gives is not always what counts. */
function resolvedOf({ storage, ...replica }: ReplicaOptions, { values }: ReplicaSection): Resolved<typeof replicaKeys> {
  return {
    ...values,
    ...resolvedPlace(storage),
    type: storage.type,
    name: replica.name,
    path: storage.path || undefined,
    'sync-interval': replica.syncIntervalMs,
    retention: replica.retentionMs,
    'retention-check-interval': replica.retentionCheckIntervalMs,
    'snapshot-interval': replica.snapshotIntervalMs,
    'validation-interval': replica.validationIntervalMs,
  }
}

function resolvedPlace(storage: StorageOptions) {
  switch (storage.type) {
    case 's3':
      return {
        endpoint: storage.endpoint,
        region: storage.region,
        'force-path-style': storage.forcePathStyle,
        sse: storage.encryption?.kind === 'customer' ? undefined : storage.encryption?.kind,
      }
    case 'sftp':
      return {
        host: `${storage.host.includes(':') ? `[${storage.host}]` : storage.host}:${storage.port}`,
        'key-path': storage.keyPath,
        'known-hosts': storage.knownHostsPath,
      }
    case 'file':
      return {}
    default:
      return { endpoint: storage.endpoint }
  }
}

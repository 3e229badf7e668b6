import type { ReplicaOptions } from '../../engine/options.ts'
import type { KeySpec } from './key-spec.ts'
import { parseReplicaUrl } from './replica-url.ts'
import { type ConfigSection, type ReplicaSection, replicaKeys } from './schema.ts'
import { describeSection, type Resolved, type Setting } from './settings.ts'

/**
 * The keys of a replica that its type has.
 * @param path before each key
 */
export function describeReplica(
  replica: ReplicaOptions,
  section: ReplicaSection,
  top: ConfigSection,
  path: string,
): Setting[] {
  const { values } = section
  const url = values.url === undefined ? undefined : parseReplicaUrl(values.url)
  const partsOfUrl: Readonly<Record<string, unknown>> = typeof url === 'object' ? { ...url } : {}
  const settings = describeSection(replicaKeys, section, resolvedOf(replica, section), path, (key) => {
    if (key === 'access-key-id' || key === 'secret-access-key') return top.origin(key) ?? 'AWS default chain'
    return partsOfUrl[key] === undefined ? undefined : 'url'
  })
  return settings.flatMap((setting) => {
    const key = setting.key.slice(path.length)
    if (!hasKey(replica.storage.type, key)) return []
    // The scheme of the URL wins over the key.
    return key === 'type' && url !== undefined ? { ...setting, from: 'url' } : setting
  })
}

function resolvedOf({ storage, ...replica }: ReplicaOptions, { values }: ReplicaSection): Resolved<typeof replicaKeys> {
  const s3 = storage.type === 's3' ? storage : undefined
  return {
    ...values,
    type: storage.type,
    name: replica.name,
    path: storage.path || undefined,
    bucket: s3?.bucket,
    region: s3?.region,
    endpoint: s3?.endpoint,
    'force-path-style': s3?.forcePathStyle,
    'skip-verify': s3?.skipVerify,
    'access-key-id': s3?.accessKeyId,
    'secret-access-key': s3?.secretAccessKey,
    'sync-interval': replica.syncIntervalMs,
    retention: replica.retentionMs,
    'retention-check-interval': replica.retentionCheckIntervalMs,
    'snapshot-interval': replica.snapshotIntervalMs,
  }
}

function hasKey(type: ReplicaOptions['storage']['type'], key: string): boolean {
  const specs: Readonly<Record<string, KeySpec>> = replicaKeys
  const types = specs[key]?.types
  return types === undefined || types.includes(type)
}

import type { WherryError } from '../../engine/errors.ts'
import type { FileStorageOptions, S3StorageOptions, StorageOptions } from '../../engine/storage/options.ts'
import { didYouMean } from '../nearest.ts'
import type { Section } from './key-spec.ts'
import { absolutePath } from './paths.ts'
import { isReplicaUrl, keyPrefix, parseReplicaUrl, type ReplicaUrl, redactUrl, replicaTypes } from './replica-url.ts'
import type { ConfigSection, ReplicaSection } from './schema.ts'

/**
 * Where a replica is, from its `url` or from its parts.
 * @param top has the credentials of replicas without their own, field by field
 * @throws WherryError ERR_NOT_BUILT for a type that is Litestream's but not ours yet; ERR_CONFIG for what can't be right
 */
export function resolveStorage(section: ReplicaSection, top: ConfigSection): StorageOptions {
  const { url: urlText, path } = section.values
  const url = urlText === undefined ? undefined : parseReplicaUrl(urlText)
  if (typeof url === 'string') throw section.error('url', url)
  const type = url?.type ?? configuredType(section)
  if (type !== 'file' && type !== 's3') {
    const key = url === undefined ? 'type' : 'url'
    throw section.error(key, `replica type ${type} is not built yet; file and s3 are`, 'ERR_NOT_BUILT')
  }
  if (path !== undefined && isReplicaUrl(path)) {
    throw section.error('path', `"${redactUrl(path)}" is a URL; give it as url, not as path`)
  }
  for (const key of ['path', 'bucket'] as const) {
    if (url !== undefined && section.values[key] !== undefined) {
      throw section.error(key, `${key} and url are both set; drop one of them`)
    }
  }
  return type === 'file' ? fileStorage(section, url) : s3Storage(section, url, top)
}

function configuredType(section: ReplicaSection): ReplicaUrl['type'] {
  const { type: text = 'file' } = section.values
  const type = replicaTypes.find((candidate) => candidate === text)
  if (type !== undefined) return type
  const hint = didYouMean(text, replicaTypes) || `; the types are ${replicaTypes.join(', ')}`
  throw section.error('type', `"${text}" is not a replica type${hint}`)
}

function fileStorage(section: ReplicaSection, url: ReplicaUrl | undefined): FileStorageOptions {
  const path = url?.type === 'file' ? url.path : section.values.path
  if (path === undefined || path === '') throw missing(section, 'a file replica needs path, or url')
  return { type: 'file', path: absolutePath(path) }
}

function s3Storage(section: ReplicaSection, url: ReplicaUrl | undefined, top: ConfigSection): S3StorageOptions {
  const { values } = section
  const fromUrl = url?.type === 's3' ? url : undefined
  const bucket = fromUrl?.bucket ?? values.bucket
  if (bucket === undefined) throw missing(section, 'an s3 replica needs bucket, or url')
  if (values.endpoint !== undefined && /\/\/[^/]*@/.test(withScheme(values.endpoint) ?? '')) {
    throw section.error('endpoint', 'credentials do not belong here; set access-key-id and secret-access-key')
  }
  const endpoint = withScheme(values.endpoint) ?? fromUrl?.endpoint
  return {
    type: 's3',
    bucket,
    path: fromUrl?.path ?? keyPrefix(values.path ?? ''),
    region: values.region ?? fromUrl?.region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    endpoint,
    forcePathStyle: values['force-path-style'] ?? endpoint !== undefined,
    skipVerify: values['skip-verify'],
    ...staticCredentials(section, top),
  }
}

function staticCredentials(
  section: ReplicaSection,
  top: ConfigSection,
): Pick<S3StorageOptions, 'accessKeyId' | 'secretAccessKey'> {
  const id = credential('access-key-id', section, top)
  const secret = credential('secret-access-key', section, top)
  if ((id.value === undefined) !== (secret.value === undefined)) {
    const [set, unset] = id.value === undefined ? [secret, id] : [id, secret]
    throw set.section.error(set.key, `${set.key} is set without ${unset.key}; set both, or neither`)
  }
  return { accessKeyId: id.value, secretAccessKey: secret.value }
}

type CredentialKey = 'access-key-id' | 'secret-access-key'

/** The value of a credential, and the section that it is from. */
function credential(key: CredentialKey, own: ReplicaSection, top: ConfigSection) {
  const section: Section<Record<CredentialKey, { kind: 'secret'; doc: string }>> =
    own.values[key] === undefined ? top : own
  return { key, section, value: section.values[key] }
}

function withScheme(endpoint: string | undefined): string | undefined {
  return endpoint === undefined || isReplicaUrl(endpoint) ? endpoint : `https://${endpoint}`
}

function missing(section: ReplicaSection, message: string): WherryError {
  return section.error(undefined, message)
}

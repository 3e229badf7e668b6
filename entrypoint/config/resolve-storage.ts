import type { WherryError } from '../../engine/errors.ts'
import type { FileStorageOptions, S3StorageOptions, StorageOptions } from '../../engine/options.ts'
import { didYouMean } from '../nearest.ts'
import { absolutePath } from './paths.ts'
import { isReplicaUrl, keyPrefix, parseReplicaUrl, type ReplicaUrl, redactUrl, replicaTypes } from './replica-url.ts'
import type { ReplicaSection } from './schema.ts'

/** Keys that replicas without their own take from the top of the file. */
export interface Credentials {
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
}

/**
 * Where a replica is, from its `url` or from its parts.
 * @throws WherryError ERR_NOT_BUILT for a type that is Litestream's but not ours yet; ERR_CONFIG for what can't be right
 */
export function resolveStorage(section: ReplicaSection, defaults: Credentials): StorageOptions {
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
  return type === 'file' ? fileStorage(section, url) : s3Storage(section, url, defaults)
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

function s3Storage(section: ReplicaSection, url: ReplicaUrl | undefined, defaults: Credentials): S3StorageOptions {
  const { values } = section
  const fromUrl = url?.type === 's3' ? url : undefined
  const bucket = fromUrl?.bucket ?? values.bucket
  if (bucket === undefined) throw missing(section, 'an s3 replica needs bucket, or url')
  const endpoint = withScheme(values.endpoint) ?? fromUrl?.endpoint
  return {
    type: 's3',
    bucket,
    path: fromUrl?.path ?? keyPrefix(values.path ?? ''),
    region: values.region ?? fromUrl?.region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    endpoint,
    forcePathStyle: values['force-path-style'] ?? endpoint !== undefined,
    skipVerify: values['skip-verify'],
    ...staticCredentials(section, defaults),
  }
}

function staticCredentials(section: ReplicaSection, defaults: Credentials): Credentials {
  const accessKeyId = section.values['access-key-id'] ?? defaults.accessKeyId
  const secretAccessKey = section.values['secret-access-key'] ?? defaults.secretAccessKey
  if (accessKeyId !== undefined && secretAccessKey === undefined) {
    throw section.error('access-key-id', 'access-key-id is set without secret-access-key; set both, or neither')
  }
  if (accessKeyId === undefined && secretAccessKey !== undefined) {
    throw section.error('secret-access-key', 'secret-access-key is set without access-key-id; set both, or neither')
  }
  return { accessKeyId, secretAccessKey }
}

function withScheme(endpoint: string | undefined): string | undefined {
  return endpoint === undefined || isReplicaUrl(endpoint) ? endpoint : `https://${endpoint}`
}

function missing(section: ReplicaSection, message: string): WherryError {
  return section.error(undefined, message)
}

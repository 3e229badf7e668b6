import type { S3StorageOptions } from '../../../engine/storage/options.ts'
import type { ReplicaSection } from '../replica-keys.ts'
import { keyPrefix } from '../replica-url.ts'
import { type S3Service, s3ServiceAt } from '../s3-host.ts'
import { resolveEndpoint } from './endpoint.ts'
import { requireHeaderText } from './header-text.ts'
import { resolveEncryption } from './resolve-encryption.ts'

/** @throws WherryError ERR_CONFIG */
export function resolveS3(section: ReplicaSection): S3StorageOptions {
  const { values, error } = section
  if (!values.bucket) throw error(undefined, 'an s3 replica needs bucket, or url')
  const endpoint = resolveEndpoint(section, 'access-key-id and secret-access-key')
  const service = endpoint === undefined ? undefined : s3ServiceAt(endpoint)
  const encryption = resolveEncryption(section)
  return {
    type: 's3',
    bucket: values.bucket,
    path: keyPrefix(values.path ?? ''),
    region: values.region ?? service?.region ?? (service === undefined ? undefined : 'us-east-1'),
    endpoint: service?.endpoint,
    forcePathStyle: values['force-path-style'] ?? isPathStyle(service, values.bucket),
    skipVerify: values['skip-verify'],
    ...staticCredentials(section),
    ...(values['storage-class'] === undefined ? {} : { storageClass: values['storage-class'] }),
    ...(encryption === undefined ? {} : { encryption }),
  }
}

/** A bucket with dots in the host name would not match a certificate for `*.HOST`. */
function isPathStyle(service: S3Service | undefined, bucket: string): boolean {
  return service !== undefined && !(service.isVirtualHosted && !bucket.includes('.'))
}

type Credentials = Pick<S3StorageOptions, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>

function staticCredentials(section: ReplicaSection): Credentials {
  const { values, error } = section
  requireHeaderText(section, 'access-key-id', 'secret-access-key', 'session-token')
  const { 'access-key-id': accessKeyId, 'secret-access-key': secretAccessKey, 'session-token': sessionToken } = values
  const halves = ['access-key-id', 'secret-access-key'] as const
  const [set] = halves.filter((key) => values[key] !== undefined)
  const [unset] = halves.filter((key) => values[key] === undefined)
  if (set !== undefined && unset !== undefined) {
    throw error(set, `${set} is set without ${unset}; set both, or neither`)
  }
  if (sessionToken === undefined) return { accessKeyId, secretAccessKey }
  if (set === undefined) {
    throw error('session-token', 'session-token is set without access-key-id and secret-access-key; set all three')
  }
  return { accessKeyId, secretAccessKey, sessionToken }
}

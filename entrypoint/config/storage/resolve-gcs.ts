import type { GcsStorageOptions } from '../../../engine/storage/options.ts'
import type { ReplicaSection } from '../replica-keys.ts'
import { keyPrefix } from '../replica-url.ts'
import { resolveEndpoint } from './endpoint.ts'

/** @throws WherryError ERR_CONFIG */
export function resolveGcs(section: ReplicaSection): GcsStorageOptions {
  const { values, error } = section
  if (!values.bucket) throw error(undefined, 'a gcs replica needs bucket, or url')
  const { credentials } = values
  if (credentials !== undefined && !isServiceAccount(credentials)) {
    throw error(
      'credentials',
      "it is not the JSON text of a service account's key; GOOGLE_APPLICATION_CREDENTIALS takes a path",
    )
  }
  return {
    type: 'gcs',
    bucket: values.bucket,
    path: keyPrefix(values.path ?? ''),
    endpoint: resolveEndpoint(section, 'credentials'),
    credentials,
  }
}

function isServiceAccount(text: string): boolean {
  try {
    const { client_email: email, private_key: key } = JSON.parse(text)
    return typeof email === 'string' && typeof key === 'string'
  } catch {
    return false
  }
}

import type { AbsStorageOptions } from '../../../engine/storage/options.ts'
import type { ReplicaSection } from '../replica-keys.ts'
import { keyPrefix } from '../replica-url.ts'
import { resolveEndpoint } from './endpoint.ts'
import { requireHeaderText } from './header-text.ts'

/** @throws WherryError ERR_CONFIG */
export function resolveAbs(section: ReplicaSection): AbsStorageOptions {
  const { values, error } = section
  const { bucket, 'account-name': accountName, 'account-key': accountKey } = values
  if (!bucket) throw error(undefined, 'an abs replica needs bucket, or url')
  const endpoint = resolveEndpoint(section, 'account-key, sas-token or connection-string')
  if (accountName === undefined && (endpoint === undefined || accountKey !== undefined)) {
    throw error(undefined, 'an abs replica needs account-name, or connection-string')
  }
  if (accountKey !== undefined && !/^[A-Za-z\d+/]+={0,2}$/.test(accountKey)) {
    throw error('account-key', 'it is not the key of an account, which is base64')
  }
  requireHeaderText(section, 'sas-token')
  return {
    type: 'abs',
    bucket,
    path: keyPrefix(values.path ?? ''),
    endpoint,
    accountName,
    accountKey,
    sasToken: sasToken(section),
  }
}

/** The portal also offers whole URLs, whose query is the token. */
function sasToken({ values, error }: ReplicaSection): string | undefined {
  const token = values['sas-token']?.replace(/^(?:https?:\/\/[^?]*)?\?/i, '')
  if (token !== undefined && /^https?:/i.test(token))
    throw error('sas-token', 'it is a URL without a token in its query')
  return token
}

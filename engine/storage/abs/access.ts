import { WherryError } from '../../errors.ts'
import type { AbsStorageOptions } from '../options.ts'
import type { AbsPlace } from './place.ts'

/** How requests prove that they may. */
export type AbsAccess =
  | { readonly kind: 'key'; readonly account: string; readonly key: string }
  | { readonly kind: 'sas'; readonly token: string }
  | { readonly kind: 'chain' }

/**
 * The account key if there is one, else the SAS token, else Azure's default chain.
 * @throws WherryError ERR_CONFIG for a key without an account, and for the chain without TLS: its tokens must not be seen
 */
export function accessOf({ accountKey, sasToken, bucket }: AbsStorageOptions, place: AbsPlace): AbsAccess {
  if (accountKey !== undefined) {
    if (place.account !== undefined) return { kind: 'key', account: place.account, key: accountKey }
    throw new WherryError('ERR_CONFIG', `The replica in container "${bucket}" has an account-key but no account-name`)
  }
  if (sasToken !== undefined) return { kind: 'sas', token: sasToken }
  if (place.serviceUrl.startsWith('https:')) return { kind: 'chain' }
  throw new WherryError(
    'ERR_CONFIG',
    `The replica in container "${bucket}" has neither account-key nor sas-token: ${place.serviceUrl} needs one of them, since other credentials go over https only`,
  )
}

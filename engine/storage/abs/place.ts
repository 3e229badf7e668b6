import { WherryError } from '../../errors.ts'
import type { AbsStorageOptions } from '../options.ts'

/** Where the blobs of a replica are, as Azure sees it. */
export interface AbsPlace {
  /** Of the account's blob service, without a trailing slash and without a query. */
  readonly serviceUrl: string
  /** Undefined when neither the options nor the endpoint name it. */
  readonly account: string | undefined
}

/**
 * The service of the options: `https://ACCOUNT.blob.core.windows.net` unless there is an endpoint, which for a server
 * like Azurite ends with `/ACCOUNT`. An endpoint without a scheme means https.
 * @throws WherryError ERR_CONFIG when neither account nor endpoint is given, or the endpoint is none
 */
export function placeOf({ accountName, endpoint, bucket }: AbsStorageOptions): AbsPlace {
  if (endpoint !== undefined) {
    const url = endpointUrl(endpoint, bucket)
    return { serviceUrl: url.href.replace(/\/+$/, ''), account: accountName ?? accountIn(url) }
  }
  if (accountName === undefined) {
    throw new WherryError('ERR_CONFIG', `The replica in container "${bucket}" has no account-name: set it or endpoint`)
  }
  return { serviceUrl: `https://${accountName}.blob.core.windows.net`, account: accountName }
}

/** The endpoint is not quoted: what does not belong there may well be a SAS token. */
function endpointUrl(endpoint: string, bucket: string): URL {
  const url = URL.parse(/^\w+:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`)
  if (url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === '') {
    return url
  }
  throw new WherryError(
    'ERR_CONFIG',
    `The endpoint of the replica in container "${bucket}" must be like https://HOST or http://HOST:PORT/ACCOUNT; a SAS token belongs into sas-token`,
  )
}

/** The first label of Azure's own hosts, the first folder of anybody else's. */
function accountIn(url: URL): string | undefined {
  const [, account] = /^([a-z0-9]+)\.blob\./.exec(url.hostname) ?? /^\/([^/]+)/.exec(url.pathname) ?? []
  return account
}

import type { ReplicaSection } from '../replica-keys.ts'
import { isReplicaUrl, redactUrl } from '../replica-url.ts'

/**
 * The service's full URL; by https when its scheme is not given, as in Litestream.
 * @param credentials the keys that are for what must not stand in it
 * @throws WherryError ERR_CONFIG
 */
export function resolveEndpoint({ values, error }: ReplicaSection, credentials: string): string | undefined {
  const { endpoint: text } = values
  if (text === undefined) return undefined
  const endpoint = isReplicaUrl(text) ? text : `https://${text}`
  const url = URL.parse(endpoint)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw error('endpoint', `"${redactUrl(endpoint)}" is not the URL of a service; write it like https://HOST:PORT`)
  }
  if (url.username + url.password + url.search === '') return endpoint
  throw error('endpoint', `credentials do not belong here; set ${credentials}`)
}

import { posix } from 'node:path'
import { filePathOfUrl } from './file-url.ts'
import { type ReplicaType, replicaType, typeHint } from './replica-types.ts'
import { parseS3Host } from './s3-host.ts'
import { readUrlOptions } from './url-options.ts'

/** A replica URL in its parts. */
export interface ReplicaUrl {
  readonly type: ReplicaType
  /** By the keys that they stand for. Those that the URL does not have are undefined. */
  readonly parts: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sentences about options that do nothing. */
  readonly warnings: readonly string[]
}

/** True for what Litestream takes as a URL where a path could stand as well. */
export function isReplicaUrl(text: string): boolean {
  return /^\w+:\/\//.test(text)
}

/** A URL for messages: without a password, and without a query, where secrets also stand. */
export function redactUrl(url: string): string {
  return url.replace(/^([^:]*:\/\/[^:@/]*):.*@/s, '$1:***@').replace(/\?.*/s, '?***')
}

const URL_PARTS = /^([a-z][a-z\d+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is
const AUTHORITY = /^(?:([^:@]*)(?::(.*))?@)?((?:\[[\da-f:.]+\]|[^\s"<>\\^`{|}:@[\]]*)(?::\d*)?)$/is

/**
 * Parses a replica URL as Litestream 0.3.13 does, and its query as 0.5 does: 0.3.13 ignores it, as it does the user and
 * password of an s3 URL.
 * @returns the parts, or a sentence that says what is wrong and shows no secret
 */
export function parseReplicaUrl(url: string): ReplicaUrl | string {
  const shown = `"${redactUrl(url)}"`
  const [, scheme, authority = '', path = '', queryAndFragment = ''] = URL_PARTS.exec(url) ?? []
  if (scheme === undefined) return `${shown} is not a URL; write it like s3://BUCKET/PATH or file:///PATH`
  const type = replicaType(scheme.toLowerCase())
  if (type === undefined) return `${shown} has a scheme that is not a replica type${typeHint(scheme, 'schemes')}`
  if (decode(authority + path) === undefined) {
    return `${shown} has a "%" that is not followed by the two hex digits of a character`
  }
  if (type === 'file') {
    const folder = filePathOfUrl(authority, path, queryAndFragment)
    if (folder === '') return `${shown} names no folder; write it like file:///PATH`
    return { type, parts: { path: folder }, warnings: [] }
  }
  const place = placeIn(type, authority, decode(path) ?? '')
  if (typeof place === 'string') return `${shown} ${place}`
  const options = readUrlOptions(type, /^\?([^#]*)/.exec(queryAndFragment)?.[1] ?? '')
  if (typeof options === 'string') return `${shown} ${options}`
  return { type, parts: { ...place, ...options.parts }, warnings: options.warnings }
}

/** What stands before the query, by the keys that it stands for; or what is wrong. */
function placeIn(
  type: Exclude<ReplicaType, 'file'>,
  authority: string,
  path: string,
): Readonly<Record<string, string | undefined>> | string {
  const [, userText = '', passwordText = '', host] = AUTHORITY.exec(authority) ?? []
  if (host === undefined) return 'has a host that is not one'
  const user = decode(userText) || undefined
  if (type === 'sftp') return { user, password: decode(passwordText) || undefined, host, path }
  const prefix = keyPrefix(path).replace(/^\//, '')
  if (type === 'gcs') return { bucket: host, path: prefix }
  if (type === 'abs') return { 'account-name': user, bucket: host, path: prefix }
  const s3Host = parseS3Host(host)
  return typeof s3Host === 'string' ? s3Host : { path: prefix, ...s3Host }
}

/** A path as key prefix: cleaned, without a slash at its end, empty for none. A leading slash stays. */
export function keyPrefix(path: string): string {
  const cleaned = posix.normalize(path).replace(/(?<=.)\/$/, '')
  return cleaned === '.' ? '' : cleaned
}

/** Percent-decodes; undefined for what is not an encoding. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

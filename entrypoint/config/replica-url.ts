import { posix } from 'node:path'
import { filePathOfUrl } from './file-url.ts'
import { type ReplicaType, replicaType, typeHint } from './replica-types.ts'
import { parseS3Host } from './s3-host.ts'

/** A replica URL in its parts. */
export interface ReplicaUrl {
  readonly type: ReplicaType
  /** By the keys that they stand for. Those that the URL does not have are undefined. */
  readonly parts: Readonly<Record<string, string | undefined>>
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
 * Parses a replica URL as Litestream 0.3.13 does: queries, and the user and password of an s3 URL, are ignored.
 * @returns the parts, or a sentence that says what is wrong and shows no secret
 */
export function parseReplicaUrl(url: string): ReplicaUrl | string {
  const shown = `"${redactUrl(url)}"`
  const [, scheme, authority = '', path = '', queryAndFragment = ''] = URL_PARTS.exec(url) ?? []
  if (scheme === undefined) return `${shown} is not a URL; write it like s3://BUCKET/PATH or file:///PATH`
  const type = replicaType(scheme.toLowerCase())
  if (type === undefined) return `${shown} has a scheme that is not a replica type${typeHint(scheme, 'schemes')}`
  const decodedPath = decode(path)
  const decodedAuthority = decode(authority)
  if (decodedPath === undefined || decodedAuthority === undefined) {
    return `${shown} has a "%" that is not followed by the two hex digits of a character`
  }
  if (type === 'file') {
    const folder = filePathOfUrl(authority, path, queryAndFragment)
    return folder === '' ? `${shown} names no folder; write it like file:///PATH` : { type, parts: { path: folder } }
  }

  const [, user = '', password = '', host] = AUTHORITY.exec(authority) ?? []
  if (host === undefined) return `${shown} has a host that is not one`
  const login = { user: decode(user) || undefined, password: decode(password) || undefined }
  if (type === 'sftp') return { type, parts: { ...login, host, path: decodedPath } }
  const prefix = keyPrefix(decodedPath).replace(/^\//, '')
  if (type === 'gcs') return { type, parts: { bucket: host, path: prefix } }
  if (type === 'abs') return { type, parts: { 'account-name': login.user, bucket: host, path: prefix } }
  const s3Host = parseS3Host(host)
  return typeof s3Host === 'string' ? `${shown} ${s3Host}` : { type, parts: { path: prefix, ...s3Host } }
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

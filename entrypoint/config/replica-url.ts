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

/** A URL for messages: without a password, query and fragment, where secrets also stand; also one without a scheme. */
export function redactUrl(url: string): string {
  return url
    .replace(/^((?:[^:]*:\/\/)?[^:@/]*):(?!\/\/).*@/s, '$1:***@')
    .replace(/^((?:s3|gc?s):\/\/)[^:@/]*@/i, '$1***@')
    .replace(/([?#]).*/s, '$1***')
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
    if (/:.*@/.test(authority)) return `${shown} has a password, and a folder has none; write it like file:///PATH`
    const folder = filePathOfUrl(authority, path, queryAndFragment)
    if (folder === '') return `${shown} names no folder; write it like file:///PATH`
    return { type, parts: { path: folder }, warnings: [] }
  }
  if (type === 'sftp' && isCutShort(authority, path, queryAndFragment)) {
    return `${shown} seems to have a password with a "/", "#" or "?" in it; write them as %2F, %23 and %3F, or set password`
  }
  const place = placeIn(type, authority, decode(path) ?? '')
  if (typeof place === 'string') return `${shown} ${place}`
  const options = readUrlOptions(type, /^\?([^#]*)/.exec(queryAndFragment)?.[1] ?? '')
  if (typeof options === 'string') return `${shown} ${options}`
  const warnings = [...unusedCredential(type, authority), ...options.warnings]
  return { type, parts: { ...place, ...options.parts }, warnings }
}

/** True when an `@` stands behind the end of what should have held it. */
function isCutShort(authority: string, path: string, queryAndFragment: string): boolean {
  if (authority.includes('@')) return false
  return AUTHORITY.test(authority) ? /#.*@/s.test(queryAndFragment) : `${path}${queryAndFragment}`.includes('@')
}

/** What takes a credential that Litestream too ignores in a URL. */
const CREDENTIAL_KEYS = {
  s3: 'access-key-id and secret-access-key',
  gcs: 'credentials',
  abs: 'account-key',
  sftp: undefined,
} as const

function unusedCredential(type: Exclude<ReplicaType, 'file'>, authority: string): string[] {
  const [, user = '', password = ''] = AUTHORITY.exec(authority) ?? []
  const keys = CREDENTIAL_KEYS[type]
  if (keys === undefined || (type === 'abs' ? password : user + password) === '') return []
  return [`the credential in the URL is not used; set ${keys}`]
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

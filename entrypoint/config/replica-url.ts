import { posix } from 'node:path'
import { didYouMean } from '../nearest.ts'
import { filePathOfUrl } from './file-url.ts'
import { parseS3Host, type S3Host } from './s3-host.ts'

/** A replica URL in its parts. The paths of object stores are key prefixes, without slashes at their ends. */
export type ReplicaUrl =
  | { readonly type: 'file'; readonly path: string }
  | ({ readonly type: 's3'; readonly path: string } & S3Host)
  | { readonly type: 'gcs'; readonly bucket: string; readonly path: string }
  | { readonly type: 'abs'; readonly account: string; readonly bucket: string; readonly path: string }
  | { readonly type: 'sftp'; readonly user: string; readonly host: string; readonly path: string }

/** Every replica type of Litestream 0.3, built here or not. */
export const replicaTypes = ['file', 's3', 'gcs', 'abs', 'sftp'] as const satisfies readonly ReplicaUrl['type'][]

/** True for what Litestream takes as a URL where a path could stand as well. */
export function isReplicaUrl(text: string): boolean {
  return /^\w+:\/\//.test(text)
}

/** A URL for messages: without a password, and without a query, where secrets also stand. */
export function redactUrl(url: string): string {
  return url.replace(/^([^:]*:\/\/[^:@/]*):.*@/s, '$1:***@').replace(/\?.*/s, '?***')
}

const URL_PARTS = /^([a-z][a-z\d+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is
const AUTHORITY = /^(?:([^:@]*)(?::.*)?@)?([^\s"<>\\^`{|}:@]*(?::\d*)?)$/s

/**
 * Parses a replica URL as Litestream 0.3.13 does: queries, passwords and the user of an s3 URL are ignored.
 * @returns the parts, or a sentence that says what is wrong and shows no secret
 */
export function parseReplicaUrl(url: string): ReplicaUrl | string {
  const shown = `"${redactUrl(url)}"`
  const [, scheme, authority = '', path = '', queryAndFragment = ''] = URL_PARTS.exec(url) ?? []
  if (scheme === undefined) return `${shown} is not a URL; write it like s3://BUCKET/PATH or file:///PATH`
  const type = replicaTypes.find((candidate) => candidate === scheme.toLowerCase())
  if (type === undefined) {
    const hint = didYouMean(scheme, replicaTypes) || `; the schemes are ${replicaTypes.join(', ')}`
    return `${shown} has a scheme that is not a replica type${hint}`
  }
  const decodedPath = decode(path)
  if (decodedPath === undefined) return `${shown} has a "%" that is not followed by the two hex digits of a character`
  if (type === 'file') {
    const folder = filePathOfUrl(authority, path, queryAndFragment)
    return folder === '' ? `${shown} names no folder; write it like file:///PATH` : { type, path: folder }
  }

  const [, user = '', host] = AUTHORITY.exec(authority) ?? []
  if (host === undefined) return `${shown} has a host that is not one`
  if (type === 'sftp') return { type, user, host, path: decodedPath }
  const prefix = keyPrefix(decodedPath).replace(/^\//, '')
  if (type === 'gcs') return { type, bucket: host, path: prefix }
  if (type === 'abs') return { type, account: user, bucket: host, path: prefix }
  const s3Host = parseS3Host(host)
  return typeof s3Host === 'string' ? `${shown} ${s3Host}` : { type, path: prefix, ...s3Host }
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

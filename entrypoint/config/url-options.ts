import { didYouMean } from '../nearest.ts'
import { own } from '../own.ts'
import type { KeySpec } from './key-spec.ts'
import { replicaKeys } from './replica-keys.ts'
import type { ReplicaType } from './replica-types.ts'
import { mismatch, type ReadableSpec, readScalar } from './scalar.ts'

/** What the query of a replica URL says. */
export interface UrlOptions {
  /** By the keys that they stand for. */
  readonly parts: Readonly<Record<string, string | number | boolean>>
  /** Sentences about options that do nothing. */
  readonly warnings: readonly string[]
}

/** What the part of a URL before its query says. */
const NOT_OPTIONS = ['bucket', 'host', 'user', 'account-name']

/** A shared access signature is a query, which may have been put where Azure has it. */
const SAS_FIELDS = ['sv', 'ss', 'srt', 'sr', 'sp', 'st', 'se', 'spr', 'sig']

/** Litestream 0.5 has these; here there is nothing to set. */
const IGNORED: Partial<Record<ReplicaType, readonly string[]>> = {
  s3: ['sign-payload', 'require-content-md5', 'part-size', 'concurrency', 'sse-customer-key-md5'],
  sftp: ['concurrent-writes'],
}

/** The options of this type, as the configuration file has them. */
export function urlOptions(type: ReplicaType): string[] {
  return Object.keys(replicaKeys).filter((key) => specOf(type, key) !== undefined)
}

/**
 * Reads the query of a URL: the type's own keys but for secrets, as the configuration file has them or, like Litestream 0.5,
 * in camelCase. Empty ones count as unset.
 * @param query without the question mark
 * @returns what it says, or what is wrong, for the end of a sentence about the URL
 */
export function readUrlOptions(type: ReplicaType, query: string): UrlOptions | string {
  const parts: Record<string, string | number | boolean> = {}
  const warnings: string[] = []
  for (const [name, text] of new URLSearchParams(query)) {
    const key = name.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`)
    const spec = specOf(type, key)
    const isIgnored = IGNORED[type]?.includes(key) === true
    if (isIgnored) warnings.push(`${name} in the query means nothing here`)
    if (isIgnored || text === '') continue
    if (spec === undefined) return notKnown(type, key, name)
    const value = readOption(key, spec, text)
    if (value === undefined) return `has a wrong ${name}: ${mismatch(spec, text)}`
    parts[key] = value
  }
  return { parts, warnings }
}

function specOf(type: ReplicaType, key: string): ReadableSpec | undefined {
  const spec = own<KeySpec>(replicaKeys, key)
  if (spec?.types?.includes(type) !== true || NOT_OPTIONS.includes(key)) return undefined
  return spec.kind === 'string' || spec.kind === 'boolean' || spec.kind === 'choice' ? spec : undefined
}

function notKnown(type: ReplicaType, key: string, name: string): string {
  const secret = type === 'abs' && SAS_FIELDS.includes(key) ? 'sas-token' : key
  if (own<KeySpec>(replicaKeys, secret)?.kind === 'secret') {
    return `has a secret in its query, which others may see; set ${secret} instead`
  }
  const known = urlOptions(type)
  return `has an option "${name}" that is not known${didYouMean(key, known) || `; its options are ${known.join(', ')}`}`
}

function readOption(key: string, spec: ReadableSpec, text: string): string | number | boolean | undefined {
  if (spec.kind === 'boolean' && /^[1t]$/i.test(text)) return true
  if (spec.kind === 'boolean' && /^[0f]$/i.test(text)) return false
  if (key === 'endpoint') return withScheme(text)
  return readScalar(spec, { text, plain: true })
}

/** Litestream 0.5's rule for an endpoint in a query: http for this machine and private networks, else https. */
function withScheme(endpoint: string): string {
  if (/^\w+:\/\//.test(endpoint)) return endpoint
  const [host = ''] = endpoint.toLowerCase().split(/[:/]/)
  const isLocal =
    /^(?:localhost|127\.0\.0\.1|10\..*|192\.168\..*|172\.(?:1[6-9]|2\d|3[01])\..*|.*\.local|.*\.localhost)$/.test(host)
  return `${isLocal ? 'http' : 'https'}://${endpoint}`
}

import { formatDuration } from './duration.ts'
import type { ValueSpec } from './key-spec.ts'
import { isReplicaUrl, redactUrl } from './replica-url.ts'
import { formatSize } from './size.ts'

/** The value of a key for people and scripts; null for none. */
export type ShownValue = string | number | boolean | readonly string[] | null

// A key in the place of a path is an error only where the path is used.
const KEY = /-----BEGIN|AGE-SECRET-KEY-/

/** A value as a file would have it, without secrets: theirs is `****`, however long they are. */
export function showValue(spec: Pick<ValueSpec, 'kind'>, value: unknown): ShownValue {
  if (value === undefined) return null
  switch (spec.kind) {
    case 'secret':
      return '****'
    case 'duration':
    case 'period':
      return formatDuration(Number(value)).replace(/(?<=h)0m0s$|(?<=m)0s$/, '')
    case 'size':
      return formatSize(Number(value))
    case 'boolean':
      return Boolean(value)
    case 'integer':
      return Number(value)
    case 'secrets':
      return Array.isArray(value) ? value.map(() => '****') : []
    case 'strings':
    case 'commands':
      return Array.isArray(value) ? value.map((each) => maskPasswords(String(each))) : []
    default:
      if (KEY.test(String(value))) return '****'
      return isReplicaUrl(String(value)) ? redactUrl(String(value)) : maskPasswords(String(value))
  }
}

/** A command line may hold URLs with passwords. */
function maskPasswords(text: string): string {
  return text.replace(/(\w:\/\/[^\s:@/]*):[^\s@]*@/g, '$1:***@')
}

/** A shown value as one line of text: `-` for none. */
export function lineOf(value: ShownValue): string {
  if (value === null) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u.test(text) ? text : JSON.stringify(text)
}

import { durationFromNs, parseDuration } from './duration.ts'
import type { ScalarKind } from './schema.ts'
import { parseSize } from './size.ts'

/** A YAML scalar: its text without quotes and escapes, and whether it was written without quotes. */
export interface ScalarText {
  readonly text: string
  readonly plain: boolean
}

// What YAML 1.1 takes for null, booleans and numbers. Base-60 numbers are left out, as in Litestream's parser.
const NULL = /^(?:~|null|Null|NULL|)$/
const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/
const INTEGER = /^([-+]?)(0b[01_]+|0x[\da-f_]+|0o?[0-7_]*|[1-9][\d_]*)$/i
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i

type Reader = (scalar: ScalarText) => unknown

/** How each kind reads a scalar; undefined when it can't. */
const readers: Readonly<Record<ScalarKind, Reader>> = {
  string: ({ text }) => text,
  secret: ({ text }) => text,
  boolean: ({ text, plain }) => (plain && TRUE.test(text) ? true : plain && FALSE.test(text) ? false : undefined),
  integer: (scalar) => {
    const number = readNumber(scalar)
    return number === undefined || !Number.isSafeInteger(Math.trunc(number)) ? undefined : Math.trunc(number)
  },
  duration: (scalar) => {
    const number = readNumber(scalar)
    return number === undefined ? parseDuration(scalar.text) : durationFromNs(number)
  },
  size: ({ text }) => parseSize(text),
  strings: () => undefined,
}

/** What a value of each kind looks like, for messages. */
export const expectations: Readonly<Record<ScalarKind, string>> = {
  string: 'text',
  secret: 'text',
  boolean: 'true or false, without quotes',
  integer: 'a whole number, without quotes',
  duration: 'a duration like 30s, 15m or 24h',
  size: 'a size like 512MB or 1GiB',
  strings: 'a list of texts',
}

/** True for a scalar that sets nothing. */
export function isNull({ text, plain }: ScalarText): boolean {
  return plain && NULL.test(text)
}

/** The scalar as a value of `kind`; undefined when it is not one. */
export function readScalar(kind: ScalarKind, scalar: ScalarText): unknown {
  return readers[kind](scalar)
}

function readNumber({ text, plain }: ScalarText): number | undefined {
  if (!plain) return undefined
  const [, sign = '', digits = ''] = INTEGER.exec(text) ?? []
  if (digits !== '') {
    const value = Number(digits.replaceAll('_', '').replace(/^0(?=[0-7])/, '0o'))
    return sign === '-' ? -value : value
  }
  return FLOAT.test(text) ? Number(text) : undefined
}

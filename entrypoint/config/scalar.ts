import { didYouMean } from '../nearest.ts'
import { durationFromNs, parseDuration } from './duration.ts'
import type { ChoiceSpec, SingleSpec } from './key-spec.ts'
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

/** What reading needs to know about a key. */
export type ReadableSpec = Pick<SingleSpec, 'kind'> | Pick<ChoiceSpec, 'kind' | 'choices'>

type Reader = (scalar: ScalarText) => string | number | boolean | undefined

/** How each kind reads a scalar; undefined when it can't. */
const readers: Readonly<Record<SingleSpec['kind'], Reader>> = {
  string: ({ text }) => text,
  secret: ({ text }) => text,
  url: ({ text }) => text,
  boolean: ({ text, plain }) => (plain && TRUE.test(text) ? true : plain && FALSE.test(text) ? false : undefined),
  integer: (scalar) => {
    const number = readNumber(scalar)
    return number === undefined || !Number.isSafeInteger(Math.trunc(number)) ? undefined : Math.trunc(number)
  },
  duration: (scalar) => {
    const number = readNumber(scalar)
    return number === undefined ? parseDuration(scalar.text) : durationFromNs(number)
  },
  period: ({ text }) => parseDuration(text),
  size: ({ text }) => parseSize(text),
}

/** What a value of each kind looks like, for messages. */
const expectations: Readonly<Record<SingleSpec['kind'], string>> = {
  string: 'text',
  secret: 'text',
  url: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
  duration: 'a duration like 30s, 15m or 24h',
  period: 'a duration like 30s, 15m or 24h',
  size: 'a size like 512MB or 1GiB',
}

/** True for a scalar that sets nothing. */
export function isNull({ text, plain }: ScalarText): boolean {
  return plain && NULL.test(text)
}

/** The scalar as a value of this key; undefined when it is not one. */
export function readScalar(spec: ReadableSpec, scalar: ScalarText): string | number | boolean | undefined {
  if (spec.kind !== 'choice') return readers[spec.kind](scalar)
  return spec.choices.includes(scalar.text) ? scalar.text : undefined
}

/** What a value of this key looks like, for messages. */
export function expectation(spec: ReadableSpec): string {
  if (spec.kind !== 'choice') return expectations[spec.kind]
  return spec.choices.join(', ').replace(/, ([^,]*)$/, ' or $1')
}

/** `"text" is not ...`, for a text that {@link readScalar} could not read. */
export function mismatch(spec: ReadableSpec, text: string): string {
  const hint = spec.kind === 'choice' ? didYouMean(text, spec.choices) : ''
  return `${JSON.stringify(text)} is not ${expectation(spec)}${hint}`
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

import { WherryError } from '../../engine/errors.ts'
import { MAX_INDEX } from '../../engine/format/names.ts'
import { didYouMean } from '../nearest.ts'
import { own } from '../own.ts'

interface KindValues {
  text: string | undefined
  /** Takes its value only as `-flag=false`. */
  boolean: boolean
  integer: number | undefined
  /** A WAL index: hexadecimal without prefix. */
  index: number | undefined
}

export interface FlagSpec {
  readonly kind: keyof KindValues
  /** What the usage text calls the value. */
  readonly value?: string
  /** For the usage text. Without it the flag is accepted and not shown: one of older versions that means nothing now. */
  readonly doc?: string
}

export interface FlagTable {
  readonly [name: string]: FlagSpec
}

export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: KindValues[T[K]['kind']] }

export interface ParsedFlags<T extends FlagTable> {
  readonly flags: FlagValues<T>
  /** Everything from the first argument that is not a flag, or after `--`. */
  readonly rest: readonly string[]
  /** `-h` or `-help` was given: nothing after it was read. */
  readonly help: boolean
}

/** How each kind reads its value; undefined when it can't. */
const parsers: Readonly<Record<keyof KindValues, (text: string) => string | boolean | number | undefined>> = {
  text: (text) => text,
  boolean: parseBoolean,
  integer: (text) => (/^[-+]?\d+$/.test(text) ? Number(text) : undefined),
  index: (text) =>
    /^[\da-f]+$/i.test(text) && Number.parseInt(text, 16) <= MAX_INDEX ? Number.parseInt(text, 16) : undefined,
}

const expectations: Readonly<Record<keyof KindValues, string>> = {
  text: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  index: 'a hexadecimal WAL index',
}

function parseBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|T|true|True|TRUE)$/.test(text)) return true
  return /^(?:0|f|F|false|False|FALSE)$/.test(text) ? false : undefined
}

/**
 * Parses flags as Go's flag package does, and so Litestream: `-f v`, `-f=v`, one dash or two; a switch is `-b` or
 * `-b=false`; of a flag given twice the last counts; parsing stops at the first argument that is not a flag, or after `--`.
 * @throws WherryError ERR_USAGE
 */
export function parseFlags<T extends FlagTable>(table: T, args: readonly string[]): ParsedFlags<T> {
  const values: Record<string, unknown> = {}
  for (const [name, { kind }] of Object.entries(table)) values[name] = kind === 'boolean' ? false : undefined
  // The table gives each flag the type of its kind, which TypeScript can't follow through Object.entries.
  const flags = values as FlagValues<T>
  let next = 0
  for (;;) {
    const argument = args[next]
    if (argument === undefined || !/^-./s.test(argument)) return { flags, rest: args.slice(next), help: false }
    next++
    if (argument === '--') return { flags, rest: args.slice(next), help: false }
    const [, name = '', inline] = /^--?([^=]*)(?:=(.*))?$/s.exec(argument) ?? []
    const spec = own<FlagSpec>(table, name)
    if (spec === undefined) {
      if (name === 'h' || name === 'help') return { flags, rest: [], help: true }
      const hint = didYouMean(
        `-${name}`,
        Object.keys(table).map((known) => `-${known}`),
      )
      throw new WherryError('ERR_USAGE', `Unknown flag ${argument}${hint}`)
    }
    const text = inline ?? (spec.kind === 'boolean' ? 'true' : args[next++])
    if (text === undefined) throw new WherryError('ERR_USAGE', `Flag -${name} needs a value`)
    const value = parsers[spec.kind](text)
    if (value === undefined)
      throw new WherryError('ERR_USAGE', `"${text}" for -${name} is not ${expectations[spec.kind]}`)
    values[name] = value
  }
}

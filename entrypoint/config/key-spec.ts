/** What the tables of schema.ts say about a key, and what reading by them gives. */
import type { WherryError } from '../../engine/errors.ts'
import type { Given, Place } from './given.ts'
import type { ReplicaType } from './replica-types.ts'

/** What a key of each kind becomes. Durations are milliseconds, sizes bytes. */
interface KindValues {
  string: string
  /** Never echoed. Its variable can name a file. */
  secret: string
  /** Echoed without passwords. Its variable can name a file. */
  url: string
  boolean: boolean
  integer: number
  /** A bare number is nanoseconds, as Litestream has it. */
  duration: number
  /** A duration that needs its unit, at most what a timer can wait. */
  period: number
  size: number
  strings: readonly string[]
  /** Texts that may hold commas. */
  commands: readonly string[]
  /** Never echoed. Its variable can name a file. */
  secrets: readonly string[]
}

interface AnyKey {
  readonly doc: string
  /** Of a replica: says where it is, and means nothing elsewhere. */
  readonly place?: true
  /** Of a replica: the types that have this key; without it all of them. */
  readonly types?: readonly ReplicaType[]
}

type ListKind = 'strings' | 'commands' | 'secrets'

/** A key with one value. */
export interface SingleSpec extends AnyKey {
  readonly kind: Exclude<keyof KindValues, ListKind>
  readonly default?: string | number | boolean
}

/** One of a few words. */
export interface ChoiceSpec extends AnyKey {
  readonly kind: 'choice'
  readonly choices: readonly string[]
  readonly default?: string
}

/** A list of texts. */
export interface ListSpec extends AnyKey {
  readonly kind: ListKind
}

/** A key that has no keys below it. */
export type ValueSpec = SingleSpec | ChoiceSpec | ListSpec

/** A mapping with keys of its own. */
export interface SectionSpec extends AnyKey {
  readonly kind: 'section'
  readonly keys: KeyTable
}

/** A list of mappings. */
export interface SectionListSpec extends AnyKey {
  readonly kind: 'sections'
  readonly keys: KeyTable
}

/** Read, warned about, and dropped: `doc` says why. */
export interface IgnoredSpec extends AnyKey {
  readonly kind: 'ignored'
}

export type KeySpec = ValueSpec | SectionSpec | SectionListSpec | IgnoredSpec
export interface KeyTable {
  readonly [key: string]: KeySpec
}

/** A mapping that was read by its table. */
export interface Section<T extends KeyTable> {
  /** Every key of the table, with its default; undefined where nothing is set and there is none. */
  readonly values: { readonly [K in keyof T]: ValueOf<T[K]> }
  /** Where the value of a key was given, as `wherry config` shows it; undefined for a default, and for nothing. */
  origin(key: keyof T & string): string | undefined
  /** Where a key stands, or would stand. */
  place(key: keyof T & string): Place
  /** A sentence about each key that stands there and does nothing. */
  readonly ignored: readonly string[]
  /** The same with these values for keys that are not set. */
  filled(below: ReadonlyMap<string, Given>): Section<T>
  /** An error about one of its keys, or about the mapping itself, that names where it stands. */
  error(key: (keyof T & string) | undefined, message: string, code?: WherryError['code']): WherryError
}

type Optional<S extends KeySpec> = S extends { default: unknown } ? never : undefined

export type ValueOf<S extends KeySpec> = S extends { kind: 'section'; keys: infer T extends KeyTable }
  ? Section<T>
  : S extends { kind: 'sections'; keys: infer T extends KeyTable }
    ? readonly Section<T>[]
    : S extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C | Optional<S>
      : S extends { kind: infer K extends keyof KindValues }
        ? KindValues[K] | Optional<S>
        : never

import type { ErrorCode } from '../../engine/errors.ts'

/** Where something was given. */
export interface Place {
  /** For the head of a message: `FILE:LINE:COLUMN: KEY.PATH`, or the name of a variable. */
  readonly label: string
  /** For `wherry config`: `FILE:LINE:COLUMN`, or the name of a variable. */
  readonly origin: string
  /** Of errors about it. */
  readonly code: ErrorCode
}

export type GivenValue =
  | string
  | number
  | boolean
  | readonly string[]
  | GivenSection
  | readonly GivenSection[]
  /** The key stands there and sets nothing. */
  | undefined

export interface Given {
  readonly value: GivenValue
  readonly place: Place
}

/** A mapping as it was given, before defaults: by a file, by variables or by arguments. */
export interface GivenSection {
  readonly given: ReadonlyMap<string, Given>
  /** Where the mapping itself is, or where a key of it would be. */
  readonly missing: (key: string | undefined) => Place
}

/** `below` with what `above` gives instead, key by key. */
export function overlay(below: GivenSection | undefined, above: GivenSection): GivenSection {
  if (below === undefined) return above
  return { given: new Map([...below.given, ...above.given]), missing: below.missing }
}

/** The mapping that a value is, if it is one. */
export function sectionOf(value: GivenValue): GivenSection | undefined {
  return typeof value === 'object' && 'given' in value ? value : undefined
}

/** The mappings in a list; none when it is not one. */
export function sectionsOf(value: GivenValue): readonly GivenSection[] {
  return Array.isArray(value) ? value.flatMap((item) => sectionOf(item) ?? []) : []
}

/** These values as if they were given at this place; undefined ones are not. */
export function givenAt(
  place: Place,
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Map<string, Given> {
  return new Map(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, { value, place }]])),
  )
}

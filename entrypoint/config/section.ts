import { WherryError } from '../../engine/errors.ts'
import { type Given, type GivenSection, sectionOf, sectionsOf } from './given.ts'
import type { KeySpec, KeyTable, Section } from './key-spec.ts'

/** A section of `table`: what is given, and defaults for the rest. */
export function makeSection<T extends KeyTable>(table: T, { given, missing }: GivenSection): Section<T> {
  const placeOf = (key: string | undefined) => (key === undefined ? undefined : given.get(key)?.place) ?? missing(key)
  const fill = (key: string, spec: KeySpec): unknown => {
    const { value } = given.get(key) ?? { value: undefined }
    if (spec.kind === 'section') {
      return makeSection(spec.keys, sectionOf(value) ?? { given: new Map(), missing: () => placeOf(key) })
    }
    if (spec.kind === 'sections') return sectionsOf(value).map((item) => makeSection(spec.keys, item))
    return value ?? ('default' in spec ? spec.default : undefined)
  }
  const ignored = Object.entries(table)
    .filter(([key, { kind }]) => kind === 'ignored' && given.get(key)?.value !== undefined)
    .map(([key, { doc }]) => `${placeOf(key).label}: ${key} means nothing here: ${doc}`)
  const values = Object.entries(table).map(([key, spec]) => [key, fill(key, spec)])
  return {
    // The readers give each key the type of its kind, which TypeScript can't follow through a table.
    values: Object.fromEntries(values) as Section<T>['values'],
    origin: (key) => originOf(given.get(key)),
    place: placeOf,
    ignored,
    filled: (below) => {
      const set = [...given].filter(([, { value }]) => value !== undefined)
      return makeSection(table, { given: new Map([...below, ...set]), missing })
    },
    error: (key, message, code) => {
      const place = placeOf(key)
      return new WherryError(code ?? place.code, `${place.label}: ${message}`)
    },
  }
}

function originOf(given: Given | undefined): string | undefined {
  return given?.value === undefined ? undefined : given.place.origin
}

import { type ShownValue, showValue } from './format-value.ts'
import type { KeyTable, Section } from './key-spec.ts'

/** One key of a resolved configuration. */
export interface Setting {
  /** Like `dbs[0].replicas[0].url`. */
  readonly key: string
  /** Without secrets. */
  readonly value: ShownValue
  /** `FILE:LINE:COLUMN`, the name of a variable, a flag, the key that it follows from, or `default`. */
  readonly from: string
}

/** A value for each key of a table that has one of its own. */
export type Resolved<T extends KeyTable> = {
  readonly [K in keyof T as T[K]['kind'] extends 'section' | 'sections' | 'ignored' ? never : K]: unknown
}

/**
 * The keys of one mapping in the order of its table.
 * @param path before each key
 * @param derivedFrom what a value follows from that is not in the mapping itself
 */
export function describeSection<T extends KeyTable>(
  table: T,
  section: Section<T>,
  resolved: Resolved<T>,
  path: string,
  derivedFrom: (key: string) => string | undefined = () => undefined,
): Setting[] {
  const values: ReadonlyMap<string, unknown> = new Map(Object.entries(resolved))
  return Object.entries(table).flatMap(([key, spec]) => {
    if (spec.kind === 'section' || spec.kind === 'sections' || spec.kind === 'ignored') return []
    const from = section.origin(key) ?? derivedFrom(key) ?? 'default'
    return { key: path + key, value: showValue(spec, values.get(key)), from }
  })
}

import { type ErrorCode, WherryError } from '../../engine/errors.ts'
import type { KeySpec, KeyTable, Section } from './schema.ts'

/** Text of where a key, or the mapping itself, stands, for the head of a message. */
export type Locate = (key: string | undefined) => string

/**
 * A section of `table`: what `given` has, defaults for the rest.
 * @param code of its errors, unless the error says otherwise
 */
export function makeSection<T extends KeyTable>(
  table: T,
  given: ReadonlyMap<string, unknown>,
  locate: Locate,
  code: ErrorCode = 'ERR_CONFIG',
): Section<T> {
  const error = (key: string | undefined, message: string, errorCode = code): WherryError =>
    new WherryError(errorCode, `${locate(key)}: ${message}`)
  const values = Object.entries(table).map(([key, spec]) => [key, given.get(key) ?? valueOfNothing(spec, locate, code)])
  // The readers give each key the type of its kind, which TypeScript can't follow through a table.
  return { values: Object.fromEntries(values) as Section<T>['values'], error }
}

function valueOfNothing(spec: KeySpec, locate: Locate, code: ErrorCode): unknown {
  if (spec.kind === 'section') return makeSection(spec.keys, new Map(), locate, code)
  if (spec.kind === 'sections') return []
  return 'default' in spec ? spec.default : undefined
}

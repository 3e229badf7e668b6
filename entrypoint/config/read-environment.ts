import { WherryError } from '../../engine/errors.ts'
import type { Environment } from './expand-env.ts'
import type { Given, GivenSection } from './given.ts'
import { isNull, mismatch, type ReadableSpec, readScalar } from './scalar.ts'
import { placeOfVariable } from './secret-files.ts'
import { type Level, levels, type Variable, variableName, variables } from './variables.ts'

/** What variables say, by the mapping that they are about. */
export type GivenLevels = Readonly<Record<Exclude<Level, 'age'>, GivenSection>>

/**
 * What the environment says. A value is read as a plain YAML scalar would be, but that durations need a unit; lists
 * have one item a line, or commas between them. Empty variables count as unset.
 * @param env with secrets filled in from their files
 * @throws WherryError ERR_CONFIG; its message shows no secret
 */
export function readEnvironment(env: Environment): GivenLevels {
  const given = new Map<Level, Map<string, Given>>()
  for (const level of Object.keys(levels)) given.set(level as Level, new Map())
  for (const variable of variables) {
    const value = readVariable(variable, env[variable.name] ?? '')
    if (value !== undefined)
      given.get(variable.level)?.set(variable.key, { value, place: placeOfVariable(variable.name, env) })
  }
  const section = (level: Level): GivenSection => ({
    given: given.get(level) ?? new Map(),
    missing: (key) => placeOfVariable(key === undefined ? `${levels[level].prefix}*` : variableName(level, key), env),
  })
  const age = section('age')
  if (age.given.size > 0) given.get('replica')?.set('age', { value: age, place: age.missing(undefined) })
  return {
    top: section('top'),
    logging: section('logging'),
    database: section('database'),
    replica: section('replica'),
  }
}

function readVariable({ name, spec }: Variable, text: string): Given['value'] {
  if (isNull({ text, plain: true })) return undefined
  switch (spec.kind) {
    case 'strings':
      return items(text, /[\n,]/)
    case 'commands':
      return items(text, /\n/)
    case 'secrets':
      // A file of keys, comments included.
      return [text]
    case 'duration':
      // Nanoseconds without a unit are for files that Litestream reads as well.
      return readText(name, { kind: 'period' }, text)
    default:
      return readText(name, spec, text)
  }
}

function readText(name: string, spec: ReadableSpec, text: string): string | number | boolean {
  const value = readScalar(spec, { text, plain: true })
  if (value === undefined) throw new WherryError('ERR_CONFIG', `${name}: ${mismatch(spec, text)}`)
  return value
}

function items(text: string, separator: RegExp): string[] {
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

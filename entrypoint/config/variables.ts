import { foreignSecrets } from './foreign-secrets.ts'
import type { KeyTable, ValueSpec } from './key-spec.ts'
import { ageKeys, replicaKeys } from './replica-keys.ts'
import { configKeys, databaseKeys, loggingKeys } from './schema.ts'

/** The mappings that variables can set: the top one and `logging`, the only database and its only replica. */
export type Level = 'top' | 'logging' | 'database' | 'replica' | 'age'

/** An environment variable that sets one key of the configuration. */
export interface Variable {
  readonly name: string
  readonly level: Level
  readonly key: string
  /** The key as in the configuration file, like `dbs[].replicas[].url`. */
  readonly path: string
  readonly spec: ValueSpec
}

interface LevelVariables {
  readonly prefix: string
  readonly path: string
  readonly keys: KeyTable
}

export const levels: Readonly<Record<Level, LevelVariables>> = {
  top: { prefix: 'WHERRY_', path: '', keys: configKeys },
  logging: { prefix: 'WHERRY_LOG_', path: 'logging.', keys: loggingKeys },
  database: { prefix: 'WHERRY_DB_', path: 'dbs[].', keys: databaseKeys },
  replica: { prefix: 'WHERRY_REPLICA_', path: 'dbs[].replicas[].', keys: replicaKeys },
  age: { prefix: 'WHERRY_REPLICA_AGE_', path: 'dbs[].replicas[].age.', keys: ageKeys },
}

/** `WHERRY_GRACE_PERIOD` for `grace-period` at the top. */
export function variableName(level: Level, key: string): string {
  return levels[level].prefix + key.toUpperCase().replaceAll('-', '_')
}

/** One for every key of the configuration file that has a value of its own. */
export const variables: readonly Variable[] = Object.keys(levels).flatMap((level) => variablesOf(level as Level))

function variablesOf(level: Level): Variable[] {
  const { keys, path } = levels[level]
  return Object.entries(keys).flatMap(([key, spec]) =>
    spec.kind === 'section' || spec.kind === 'sections' || spec.kind === 'ignored'
      ? []
      : { name: variableName(level, key), level, key, path: path + key, spec },
  )
}

/** Every variable `X` whose value can stand in the file that `X_FILE` names. */
export const secretVariables: readonly string[] = [
  ...variables.filter(({ spec }) => ['secret', 'secrets', 'url'].includes(spec.kind)).map(({ name }) => name),
  ...foreignSecrets,
]

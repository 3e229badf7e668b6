import type { ErrorCode } from '../../engine/errors.ts'
import type { ReplicaOptions } from '../../engine/options.ts'
import { completeConfig } from './complete-config.ts'
import { completeReplica } from './complete-replica.ts'
import type { Config, LoggingOptions } from './config.ts'
import type { Environment } from './expand-env.ts'
import type { Given, GivenSection, GivenValue } from './given.ts'
import { mergeEnvironment } from './merge-environment.ts'
import { readEnvironment } from './read-environment.ts'
import { replicaKeys } from './replica-keys.ts'
import { requireKeys } from './resolve-age.ts'
import { resolveConfig } from './resolve-config.ts'
import { resolveLogging } from './resolve-logging.ts'
import { resolveReplica } from './resolve-replica.ts'
import { configKeys } from './schema.ts'
import { makeSection } from './section.ts'
import { settingsEnvironment } from './settings-environment.ts'
import { warnUnknown } from './unknown-variables.ts'

const NOTHING: GivenSection = { given: new Map(), missing: () => ({ label: '', origin: '', code: 'ERR_CONFIG' }) }

/**
 * The configuration of one database that is replicated to URLs, from the command line. No file is read, and no variable
 * that is about a database or a replica, but for the keys of age: nobody who sets them wants a replica in the clear. Those of
 * the top level and of `logging` count.
 * @throws WherryError ERR_USAGE for an argument, ERR_CONFIG for a variable
 */
export async function directConfig(path: string, urls: readonly string[], environment: Environment): Promise<Config> {
  const env = settingsEnvironment(environment)
  const top = topOf(env)
  const replicas = urls.map((url) => replicaArgument(url, env))
  const dbs = [argument('DB_PATH', { path, replicas })]
  const given = new Map([...top.given, ['dbs', { value: dbs, place: top.missing('dbs') }] as const])
  const known = warnUnknown(env)
  const section = completeConfig(makeSection(configKeys, { ...top, given }), env, (warning) => void known.push(warning))
  for (const { values } of section.values.dbs) {
    for (const replica of values.replicas) await requireKeys(replica.values.age, 'replicate')
  }
  return resolveConfig(section, undefined, known)
}

/**
 * The replica that a URL on the command line names, to be read, with the credentials that variables of the top level and of
 * providers give, and the keys of age, without which what is encrypted cannot be read.
 * @throws WherryError ERR_USAGE, ERR_CONFIG for a variable
 */
export async function directReplica(url: string, environment: Environment): Promise<ReplicaOptions> {
  const env = settingsEnvironment(environment)
  const top = makeSection(configKeys, topOf(env))
  const named = makeSection(replicaKeys, replicaArgument(url, env))
  const replica = completeReplica(named, { top }, env, () => {})
  await requireKeys(replica.values.age, 'restore')
  return resolveReplica(replica)
}

/**
 * What variables say about log lines; undefined when they say nothing, so that Litestream's plain form stays.
 * @throws WherryError ERR_CONFIG
 */
export function directLogging(env: Environment): LoggingOptions | undefined {
  const top = topOf(settingsEnvironment(env))
  if (!top.given.has('logging')) return undefined
  return resolveLogging(makeSection(configKeys, top).values.logging, () => {})
}

/** What variables say about everything but databases. */
function topOf(env: Environment): GivenSection {
  const levels = readEnvironment(env)
  return mergeEnvironment(undefined, { ...levels, database: NOTHING, replica: NOTHING })
}

function replicaArgument(url: string, env: Environment): GivenSection {
  const { given, missing } = argument('REPLICA_URL', { url })
  const age = readEnvironment(env).replica.given.get('age')
  return { given: new Map(age ? [...given, ['age', age]] : given), missing }
}

function argument(name: string, values: Readonly<Record<string, GivenValue>>): GivenSection {
  const place = { label: name, origin: name, code: 'ERR_USAGE' satisfies ErrorCode } as const
  const given = Object.entries(values).map(([key, value]): [string, Given] => [key, { value, place }])
  return { given: new Map(given), missing: () => place }
}

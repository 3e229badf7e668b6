import { readFile } from 'node:fs/promises'
import { hasCode, messageOf, systemCode, WherryError } from '../../engine/errors.ts'
import { looksLikeSecret } from '../../engine/storage/secret-text.ts'
import { completeConfig } from './complete-config.ts'
import type { Config } from './config.ts'
import { type Environment, expandEnv, unsetVariables } from './expand-env.ts'
import { isToldPath } from './fact-variables.ts'
import { type GivenSection, sectionsOf } from './given.ts'
import { mergeEnvironment } from './merge-environment.ts'
import { absolutePath } from './paths.ts'
import { type GivenLevels, readEnvironment } from './read-environment.ts'
import { requireKeys } from './resolve-age.ts'
import { resolveConfig } from './resolve-config.ts'
import { type ConfigSection, configKeys } from './schema.ts'
import { makeSection } from './section.ts'
import { settingsEnvironment } from './settings-environment.ts'
import { warnUnknown } from './unknown-variables.ts'
import { variableName } from './variables.ts'

export const DEFAULT_CONFIG_PATH = '/etc/litestream.yml'

/** Either names the file; the first one counts. */
const FILE_VARIABLES = ['WHERRY_CONFIG', 'LITESTREAM_CONFIG']

export interface LoadOptions {
  /** The `-config` flag. */
  readonly config?: string | undefined
  /** The `-no-expand-env` flag. */
  readonly 'no-expand-env'?: boolean
  /** Whoever replicates needs more than whoever only reads. @default 'read' */
  readonly use?: 'read' | 'replicate'
}

/** A configuration with what it was made from. */
export interface LoadedConfig {
  readonly config: Config
  /** With what follows from other keys. */
  readonly section: ConfigSection
  /** What named the file: a flag, a variable, or the default path; undefined without a file. */
  readonly sourceOrigin: string | undefined
}

/**
 * The configuration: the file that `-config`, `WHERRY_CONFIG` or `LITESTREAM_CONFIG` names, else /etc/litestream.yml, and what variables
 * say instead of it, key by key. Without a file the variables are all of it.
 *
 * @param env the environment as Wherry got it: secrets are read from their files here
 * @param defaultPath where the file is looked for when nothing names one
 * @throws WherryError ERR_CONFIG
 */
export async function loadConfig(options: LoadOptions, env: Environment, defaultPath?: string): Promise<Config> {
  return (await loadSections(options, env, defaultPath)).config
}

/** {@link loadConfig}, with where each value was given. */
export async function loadSections(
  options: LoadOptions,
  environment: Environment,
  defaultPath = DEFAULT_CONFIG_PATH,
): Promise<LoadedConfig> {
  const env = settingsEnvironment(environment)
  const mistaken = [...warnUnknown(env)]
  try {
    return await load(options, env, defaultPath, mistaken)
  } catch (error) {
    // What was mistyped may be what is missing.
    if (mistaken.length === 0 || !hasCode(error, 'ERR_CONFIG')) throw error
    throw new WherryError('ERR_CONFIG', [error.message, ...mistaken].join('; '), { cause: error })
  }
}

async function load(
  options: LoadOptions,
  env: Environment,
  defaultPath: string,
  known: string[],
): Promise<LoadedConfig> {
  const { path, origin } = findFile(options, env, defaultPath)
  const text = await readText(path)
  if (text !== undefined && !options['no-expand-env']) known.push(...unsetVariables(text, env, path))
  // A container is configured by variables mostly: then the parser of YAML need not be loaded.
  const file =
    text === undefined ? undefined : (await import('./read-document.ts')).readDocument(expand(text, env, options), path)
  const levels = withoutToldPath(readEnvironment(env), env, file)
  if (file === undefined && (origin !== 'default' || saysNothing(levels))) throw notFound(path)
  const given = mergeEnvironment(file && { path, section: file }, levels)
  const warnings = [...known]
  const section = completeConfig(makeSection(configKeys, given), env, (warning) => void warnings.push(warning))
  const config = resolveConfig(section, file && path, warnings)
  // Who replicates has to read what it wrote.
  const use = options.use === 'replicate' && config.supervisor.replication !== 'off' ? 'replicate' : 'restore'
  for (const { values } of section.values.dbs) {
    for (const replica of values.replicas) await requireKeys(replica.values.age, use)
  }
  return { config, section, sourceOrigin: file && origin }
}

function findFile({ config }: LoadOptions, env: Environment, defaultPath: string): { path: string; origin: string } {
  if (config !== undefined) return { path: configPath(config, '-config'), origin: 'flag -config' }
  for (const name of FILE_VARIABLES) {
    const path = env[name]
    if (path) return { path: configPath(path, name), origin: name }
  }
  return { path: absolutePath(defaultPath), origin: 'default' }
}

/** A whole configuration may stand where its path should, with all its secrets. */
function configPath(path: string, origin: string): string {
  if (!looksLikeSecret(path)) return absolutePath(path)
  throw new WherryError(
    'ERR_CONFIG',
    `${origin}: this is not a path, it looks like a configuration; put it into a file`,
  )
}

/** The file's text; undefined when there is no such file. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new WherryError('ERR_CONFIG', `Config file ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function expand(text: string, env: Environment, { 'no-expand-env': isLeft = false }: LoadOptions): string {
  return isLeft ? text : expandEnv(text, env)
}

/** A path that a Wherry around this process tells counts only when variables are meant to make a database of it. */
function withoutToldPath(levels: GivenLevels, env: Environment, file: GivenSection | undefined): GivenLevels {
  const isMeant = sectionsOf(file?.given.get('dbs')?.value).length === 0 && levels.replica.given.size > 0
  if (isMeant || !isToldPath(env)) return levels
  const given = new Map(levels.database.given)
  given.delete('path')
  return { ...levels, database: { ...levels.database, given } }
}

/** True when variables make no database, and do not say that there is to be none. */
function saysNothing({ top, database, replica }: GivenLevels): boolean {
  return database.given.size + replica.given.size === 0 && top.given.get('replication')?.value !== 'off'
}

function notFound(file: string): WherryError {
  const variables = `${variableName('database', 'path')} and ${variableName('replica', 'url')}`
  const instead = `name it with -config or WHERRY_CONFIG, or set ${variables}`
  return new WherryError('ERR_CONFIG', `Config file not found: ${file}; ${instead}`)
}

import { readFile } from 'node:fs/promises'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'
import type { Config } from './config.ts'
import { directConfig } from './direct-config.ts'
import { type Environment, expandEnv } from './expand-env.ts'
import { absolutePath } from './paths.ts'
import { readDocument } from './read-document.ts'
import { resolveConfig } from './resolve-config.ts'

export const DEFAULT_CONFIG_PATH = '/etc/litestream.yml'

export interface LoadOptions {
  /** The `-config` flag. */
  readonly config?: string | undefined
  /** The `-no-expand-env` flag. */
  readonly 'no-expand-env'?: boolean
}

/**
 * The configuration: from the file that `-config` or `LITESTREAM_CONFIG` names, else from /etc/litestream.yml, or from
 * `WHERRY_DB_PATH` and `WHERRY_REPLICA_URL` when there is no file. Both a file and these variables are an error: one
 * of them would silently not count.
 *
 * @param defaultPath where the file is looked for when nothing names one
 * @throws WherryError ERR_CONFIG, ERR_NOT_BUILT
 */
export async function loadConfig(
  { config, 'no-expand-env': noExpandEnv = false }: LoadOptions,
  env: Environment,
  defaultPath = DEFAULT_CONFIG_PATH,
): Promise<Config> {
  const named = config ?? (env.LITESTREAM_CONFIG || undefined)
  const file = absolutePath(named ?? defaultPath)
  const text = await readText(file)
  const fromEnvironment = environmentConfig(env)
  if (fromEnvironment !== undefined && (named !== undefined || text !== undefined)) {
    throw new WherryError('ERR_CONFIG', `Both ${file} and WHERRY_DB_PATH are set; unset the variable, or drop the file`)
  }
  if (fromEnvironment !== undefined) return fromEnvironment
  if (text === undefined) {
    const instead = 'name it with -config or LITESTREAM_CONFIG, or set WHERRY_DB_PATH and WHERRY_REPLICA_URL'
    throw new WherryError('ERR_CONFIG', `Config file not found: ${file}; ${instead}`)
  }
  return resolveConfig(readDocument(noExpandEnv ? text : expandEnv(text, env), file), file)
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

/** One database from the environment; empty variables count as unset. */
function environmentConfig(env: Environment): Config | undefined {
  const path = env.WHERRY_DB_PATH || undefined
  const url = env.WHERRY_REPLICA_URL || undefined
  if (path === undefined && url === undefined) return undefined
  if (path === undefined || url === undefined) {
    const [set, unset] = path === undefined ? ['REPLICA_URL', 'DB_PATH'] : ['DB_PATH', 'REPLICA_URL']
    throw new WherryError('ERR_CONFIG', `WHERRY_${set} is set without WHERRY_${unset}; set both, or neither`)
  }
  return directConfig(path, [url], { path: 'WHERRY_DB_PATH', url: 'WHERRY_REPLICA_URL', code: 'ERR_CONFIG' })
}

import type { Environment } from './expand-env.ts'

/** What Wherry tells its app in variables. The first three only when there is exactly one database. */
export const factVariables = {
  path: 'WHERRY_DB_PATH',
  state: 'WHERRY_DB_STATE',
  generation: 'WHERRY_GENERATION',
  /** JSON: a list of `{path, state, generation}`. */
  databases: 'WHERRY_DATABASES',
} as const

/**
 * True when `WHERRY_DB_PATH` is not a setting, but what a Wherry around this process tells its app: nobody means to move
 * the database of another configuration there.
 */
export function isToldPath(env: Environment): boolean {
  const databases = parseJson(env[factVariables.databases])
  return Array.isArray(databases) && databases.length === 1 && databases[0]?.path === env[factVariables.path]
}

function parseJson(text = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

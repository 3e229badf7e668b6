import type { Environment } from '../config/expand-env.ts'
import { factVariables } from '../config/fact-variables.ts'
import type { SupervisorOptions } from '../config/supervisor-options.ts'

/** What the app is told about a database. */
export interface DatabaseFacts {
  /** Absolute path. */
  readonly path: string
  /** `existing`: it was there; `restored`: from a replica; `new`: proven to have no backup; `unknown`: nobody could tell. */
  readonly state: 'existing' | 'restored' | 'new' | 'unknown'
  /** The generation that is written now; undefined while there is none. */
  readonly generation: string | undefined
}

/** What images/launcher.c sets aside for the app, because it would load into Wherry's own Node, or change its options. */
const setAside = ['NODE_OPTIONS', 'LD_PRELOAD', 'LD_LIBRARY_PATH'].map((name) => [name, `WHERRY_APP_${name}`] as const)

/** Wherry's settings: they hold the engine's credentials. */
const WITHHELD = ['LITESTREAM_*', 'WHERRY_*']

/**
 * The app's whole environment: the original variables without Wherry's settings and those of `withholdEnv`, unless
 * `passEnv` names them, and the facts about its databases, which win over everything.
 * @param env the environment as Wherry got it: without credentials from files, and without copies of any
 */
export function appEnvironment(
  env: Environment,
  { passEnv, withholdEnv }: Pick<SupervisorOptions, 'passEnv' | 'withholdEnv'>,
  facts: readonly DatabaseFacts[],
): Record<string, string> {
  const withheld = [...WITHHELD, ...withholdEnv]
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...env, ...givenBack(env) })) {
    if (value !== undefined && (matches(name, passEnv) || !matches(name, withheld))) passed[name] = value
  }
  // Those of a Wherry around this one are about other databases.
  for (const name of Object.values(factVariables)) delete passed[name]
  return { ...passed, ...variablesOf(facts) }
}

function givenBack(env: Environment): Environment {
  const found = setAside.filter(([, kept]) => env[kept] !== undefined)
  return Object.fromEntries(found.map(([name, kept]) => [name, env[kept]]))
}

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}

function variablesOf(facts: readonly DatabaseFacts[]): Record<string, string> {
  const list = facts.map(({ path, state, generation = null }) => ({ path, state, generation }))
  const all = { [factVariables.databases]: JSON.stringify(list) }
  const [only, ...others] = facts
  if (only === undefined || others.length > 0) return all
  const { path, state, generation } = only
  return {
    ...all,
    [factVariables.path]: path,
    [factVariables.state]: state,
    ...(generation === undefined ? {} : { [factVariables.generation]: generation }),
  }
}

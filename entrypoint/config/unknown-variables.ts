import { nearest } from '../nearest.ts'
import type { Environment } from './expand-env.ts'
import { factVariables } from './fact-variables.ts'
import { fileVariable } from './foreign-secrets.ts'
import { levels, secretVariables, variables } from './variables.ts'

const PREFIX = levels.top.prefix

/** Names that mean nothing to Wherry and that nobody mistyped. */
const FOREIGN = [
  // What Kubernetes tells every container about a service whose name is wherry, or starts with it.
  /^WHERRY_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)$/,
  /^WHERRY_(?:\w+_)?PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/,
  // Between the launcher of the images and what it starts.
  /^WHERRY_(?:NODE_OPTIONS|APP_(?:NODE_OPTIONS|LD_PRELOAD|LD_LIBRARY_PATH))$/,
  // Of Wherry's own tests.
  /^WHERRY_TEST_/,
]

const settings = [...variables.map(({ name }) => name), ...secretVariables.map(fileVariable)]
const known: ReadonlySet<string> = new Set(['WHERRY_CONFIG', ...settings, ...Object.values(factVariables)])

/** A sentence about each variable that looks like one of Wherry's and is not. Empty variables count as unset. */
export function warnUnknown(env: Environment): string[] {
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name] && !known.has(name))
  const mistaken = names.filter((name) => !FOREIGN.some((pattern) => pattern.test(name)))
  return mistaken.sort().map((name) => `${name} is not a variable that Wherry reads${hint(name)}`)
}

/** What was probably meant. The prefix, which all share, makes no two of them alike. */
function hint(name: string): string {
  const candidates = settings.filter((candidate) => candidate.startsWith(PREFIX))
  const meant = nearest(
    name.slice(PREFIX.length),
    candidates.map((candidate) => candidate.slice(PREFIX.length)),
  )
  return meant === undefined ? '' : `; did you mean "${PREFIX}${meant}"?`
}

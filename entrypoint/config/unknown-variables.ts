import { didYouMean } from '../nearest.ts'
import type { Environment } from './expand-env.ts'
import { factVariables } from './fact-variables.ts'
import { fileVariable, secretVariables, variables } from './variables.ts'

/** Names that mean nothing to Wherry and that nobody mistyped. */
const FOREIGN = [
  // What Kubernetes tells every container about a service whose name is wherry, or starts with it.
  /^WHERRY_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)$/,
  /^WHERRY_(?:\w+_)?PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$/,
  // Of Wherry's own tests.
  /^WHERRY_TEST_/,
]

const known: ReadonlySet<string> = new Set([
  ...variables.map(({ name }) => name),
  ...secretVariables.map(fileVariable),
  ...Object.values(factVariables),
])

/** A sentence about each variable that looks like one of Wherry's and is not. */
export function warnUnknown(env: Environment): string[] {
  const names = Object.keys(env).filter(
    (name) => name.startsWith('WHERRY_') && !known.has(name) && !FOREIGN.some((pattern) => pattern.test(name)),
  )
  return names.sort().map((name) => `${name} is not a variable that Wherry reads${didYouMean(name, known)}`)
}

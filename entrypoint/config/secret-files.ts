import type { Environment } from './expand-env.ts'
import { fileVariable } from './foreign-secrets.ts'
import type { Place } from './given.ts'
import { readSecret } from './read-secret.ts'
import { secretVariables } from './variables.ts'

/**
 * The environment, with every secret `X` filled in from the file that `X_FILE` names, without one line break at its end.
 * One that was set with a line break at its end, as `echo` makes it, loses that. Empty variables count as unset.
 * @throws WherryError ERR_CONFIG when both are set, or the file is empty or cannot be read; never with its content, nor with
 *   its path: that may be the secret, in the wrong variable
 */
export function readSecretFiles(env: Environment): Environment {
  const secrets: Record<string, string> = {}
  for (const name of secretVariables) {
    const secret = readSecret(env, name)
    if (secret !== undefined) secrets[name] = secret
  }
  return { ...env, ...secrets }
}

/** Where the value of a variable was given: in itself, or in the one that names its file. */
export function placeOfVariable(name: string, env: Environment): Place {
  const isInFile = secretVariables.includes(name) && Boolean(env[fileVariable(name)])
  const variable = isInFile ? fileVariable(name) : name
  return { label: variable, origin: variable, code: 'ERR_CONFIG' }
}

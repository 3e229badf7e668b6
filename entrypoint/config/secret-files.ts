import { readFileSync } from 'node:fs'
import { messageOf, WherryError } from '../../engine/errors.ts'
import type { Environment } from './expand-env.ts'
import { fileVariable, secretVariables } from './variables.ts'

/**
 * The environment, with every secret `X` filled in from the file that `X_FILE` names, without one line break at its end.
 * Empty variables count as unset.
 * @throws WherryError ERR_CONFIG when both are set, or the file is empty or cannot be read; never with its content
 */
export function readSecretFiles(env: Environment): Environment {
  const secrets: Record<string, string> = {}
  for (const name of secretVariables) {
    const secret = readSecret(env, name)
    if (secret !== undefined) secrets[name] = secret
  }
  return { ...env, ...secrets }
}

/** The secret in the file that `name`'s variable for files names; undefined when it names none. */
export function readSecret(env: Environment, name: string): string | undefined {
  const variable = fileVariable(name)
  const file = env[variable]
  if (!file) return undefined
  if (env[name]) throw new WherryError('ERR_CONFIG', `${name} and ${variable} are both set; unset one of them`)
  const secret = readText(file, variable).replace(/\r?\n$/, '')
  if (secret === '') throw new WherryError('ERR_CONFIG', `${variable}: ${file} is empty`)
  return secret
}

/** Which variable gave the value of `name`: itself, or the one that names its file. */
export function givingVariable(env: Environment, name: string): string {
  return secretVariables.includes(name) && env[fileVariable(name)] ? fileVariable(name) : name
}

function readText(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new WherryError('ERR_CONFIG', `${variable}: ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

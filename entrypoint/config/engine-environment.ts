import { hasCode } from '../../engine/errors.ts'
import { awsEnvironment } from './aws-environment.ts'
import type { Environment } from './expand-env.ts'
import { foreignSecrets } from './foreign-secrets.ts'
import { readSecret } from './read-secret.ts'

/**
 * What to add to the process's environment so that the SDKs of storage services find their credentials there. A child
 * that is not to have them has to get an environment of its own.
 *
 * A file that cannot be read adds nothing: whoever reads the configuration throws that error, and a command that needs
 * no credentials works without them.
 */
export function engineEnvironment(env: Environment): Record<string, string> {
  const secrets: Record<string, string> = {}
  for (const name of foreignSecrets) {
    const secret = readableSecret(env, name)
    if (secret !== undefined) secrets[name] = secret
  }
  return { ...secrets, ...awsEnvironment({ ...env, ...secrets }) }
}

function readableSecret(env: Environment, name: string): string | undefined {
  try {
    return readSecret(env, name)
  } catch (error) {
    if (hasCode(error, 'ERR_CONFIG')) return undefined
    throw error
  }
}

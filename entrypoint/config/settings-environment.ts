import { awsEnvironment } from './aws-environment.ts'
import type { Environment } from './expand-env.ts'
import { readSecretFiles } from './secret-files.ts'

/**
 * The environment as the configuration sees it: secrets filled in from their files, Litestream's also under their AWS names.
 * @throws WherryError ERR_CONFIG as {@link readSecretFiles} does
 */
export function settingsEnvironment(env: Environment): Environment {
  const filled = readSecretFiles(env)
  return { ...filled, ...awsEnvironment(filled) }
}

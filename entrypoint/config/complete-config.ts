import { completeReplica } from './complete-replica.ts'
import type { Environment } from './expand-env.ts'
import type { ConfigSection } from './schema.ts'

/**
 * The configuration with what the keys of its replicas follow from: their URLs, the top level, variables of providers.
 * @param env with secrets filled in from their files
 * @param warn gets a sentence for each setting that does nothing
 * @throws WherryError ERR_CONFIG
 */
export function completeConfig(
  section: ConfigSection,
  env: Environment,
  warn: (warning: string) => void,
): ConfigSection {
  const dbs = section.values.dbs.map((database) => {
    const replicas = database.values.replicas.map((replica) => completeReplica(replica, section, env, warn))
    return { ...database, values: { ...database.values, replicas } }
  })
  return { ...section, values: { ...section.values, dbs } }
}

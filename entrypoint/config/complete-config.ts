import { completeReplica } from './complete-replica.ts'
import type { Environment } from './expand-env.ts'
import type { ConfigSection, DatabaseSection } from './schema.ts'

/**
 * The configuration with what the keys of its replicas follow from: their URLs, what stands above them, variables of
 * providers.
 * @param env with secrets filled in from their files
 * @param warn gets a sentence for each setting that does nothing
 * @throws WherryError ERR_CONFIG
 */
export function completeConfig(
  section: ConfigSection,
  env: Environment,
  warn: (warning: string) => void,
): ConfigSection {
  for (const warning of [...section.ignored, ...section.values.logging.ignored]) warn(warning)
  const dbs = section.values.dbs.map((database): DatabaseSection => {
    for (const warning of database.ignored) warn(warning)
    const above = { top: section, database }
    const replicas = database.values.replicas.map((replica) => {
      for (const warning of replica.ignored) warn(warning)
      return completeReplica(replica, above, env, warn)
    })
    return { ...database, values: { ...database.values, replicas } }
  })
  return { ...section, values: { ...section.values, dbs } }
}

import { replicaKey } from '../../engine/lineage/replica-key.ts'
import type { DatabaseOptions } from '../../engine/options.ts'
import type { Config } from './config.ts'
import { resolveDatabase } from './resolve-database.ts'
import { resolveLogging } from './resolve-logging.ts'
import { resolveSupervisor } from './resolve-supervisor.ts'
import type { ConfigSection } from './schema.ts'

/**
 * The configuration, resolved and checked, but for the keys of age: see requireKeys.
 * @param section as completeConfig gives it
 * @param source absolute path of the file that it came from, if any
 * @param known what is to be warned about already
 * @throws WherryError ERR_CONFIG for a setting that can't be right
 */
export function resolveConfig(
  section: ConfigSection,
  source: string | undefined,
  known: readonly string[] = [],
): Config {
  const warnings = [...known]
  const warn = (warning: string): void => void warnings.push(warning)
  const supervisor = resolveSupervisor(section)
  const databases = resolveDatabases(section)
  if (supervisor.replication === 'required') requireReplicas(section, databases)
  const logging = resolveLogging(section.values.logging, warn)
  const restoreMissing = databases.flatMap(({ path }, index) =>
    section.values.dbs[index]?.values['restore-if-db-not-exists'] === true ? [path] : [],
  )
  return { source, exec: section.values.exec, logging, supervisor, databases, restoreMissing, warnings }
}

function resolveDatabases(section: ConfigSection): DatabaseOptions[] {
  const paths = new Set<string>()
  const owners = new Map<string, string>()
  return section.values.dbs.map((databaseSection) => {
    const database = resolveDatabase(databaseSection, section)
    if (paths.has(database.path)) throw databaseSection.error('path', `${database.path} is listed twice`)
    paths.add(database.path)
    for (const { name, storage } of database.replicas) {
      // A restore would take whichever of the two is newer.
      const owner = owners.get(replicaKey(storage)) ?? database.path
      if (owner !== database.path) {
        throw databaseSection.error(
          'replicas',
          `replica "${name}" writes where a replica of ${owner} does; give each its own path`,
        )
      }
      owners.set(replicaKey(storage), owner)
    }
    return database
  })
}

function requireReplicas(section: ConfigSection, databases: readonly DatabaseOptions[]): void {
  if (databases.length === 0) throw section.error('replication', 'it is required, and there are no databases')
  const bare = databases.find(({ replicas }) => replicas.length === 0)
  if (bare !== undefined) throw section.error('replication', `it is required, and ${bare.path} has no replica`)
}

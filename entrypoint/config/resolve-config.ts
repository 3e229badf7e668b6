import { replicaKey } from '../../engine/lineage/replica-key.ts'
import type { DatabaseOptions } from '../../engine/options.ts'
import type { Databases, Directory } from '../directories/directory.ts'
import type { Config } from './config.ts'
import { resolveDatabase } from './resolve-database.ts'
import { directoryKeys, resolveDirectory } from './resolve-directory.ts'
import { resolveLogging } from './resolve-logging.ts'
import { resolveSupervisor } from './resolve-supervisor.ts'
import type { ConfigSection, DatabaseSection } from './schema.ts'

const NOTHING_RESTORED = 'nothing is restored by itself in a directory: the names of what is missing are not known'

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
  const { databases, directories, restoreMissing } = resolveDatabases(section, warn)
  if (supervisor.replication === 'required') requireReplicas(section, { databases, directories })
  const logging = resolveLogging(section.values.logging, warn)
  return { source, exec: section.values.exec, logging, supervisor, databases, directories, restoreMissing, warnings }
}

function resolveDatabases(
  section: ConfigSection,
  warn: (warning: string) => void,
): Databases & Pick<Config, 'restoreMissing'> {
  const databases: DatabaseOptions[] = []
  const directories: Directory[] = []
  const restoreMissing: string[] = []
  const owners = new Map<string, string>()
  for (const databaseSection of section.values.dbs) {
    const isRestored = databaseSection.values['restore-if-db-not-exists'] === true
    if (databaseSection.values.dir !== undefined) {
      const directory = resolveDirectory(databaseSection, section)
      if (isRestored) warn(databaseSection.error('restore-if-db-not-exists', NOTHING_RESTORED).message)
      requirePlaces(databaseSection, directory, owners)
      directories.push(directory)
      continue
    }
    const stray = directoryKeys.find((key) => databaseSection.origin(key) !== undefined)
    if (stray !== undefined) throw databaseSection.error(stray, `${stray} is about a directory, and there is no dir`)
    const database = resolveDatabase(databaseSection, section)
    const { path } = database
    if (databases.some((other) => other.path === path)) throw databaseSection.error('path', `${path} is listed twice`)
    requirePlaces(databaseSection, database, owners)
    databases.push(database)
    if (isRestored) restoreMissing.push(path)
  }
  return { databases, directories, restoreMissing }
}

/** @param owners the databases and directories that have a place, by path */
function requirePlaces(
  section: DatabaseSection,
  { path, replicas }: Pick<DatabaseOptions, 'path' | 'replicas'>,
  owners: Map<string, string>,
): void {
  const own = new Set<string>()
  for (const { name, storage } of replicas) {
    const key = replicaKey(storage)
    // Another entry of the same directory has other databases.
    const owner = owners.get(key) ?? path
    // A restore would take whichever of the two is newer; of one database, both would send pieces of the same WAL.
    if (owner !== path || own.has(key)) {
      const other = owner === path ? 'another one of the same database' : `a replica of ${owner}`
      throw section.error('replicas', `replica "${name}" writes where ${other} does; give each its own path`)
    }
    own.add(key)
    owners.set(key, path)
  }
}

function requireReplicas(section: ConfigSection, { databases, directories }: Databases): void {
  const all = [...databases, ...directories]
  if (all.length === 0) throw section.error('replication', 'it is required, and there are no databases')
  const bare = all.find(({ replicas }) => replicas.length === 0)
  if (bare !== undefined) throw section.error('replication', `it is required, and ${bare.path} has no replica`)
}

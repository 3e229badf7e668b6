import { basename, dirname, join } from 'node:path'
import { type DatabaseOptions, databaseDefaults, type ReplicaOptions } from '../../engine/options.ts'
import { absolutePath, plainPath, unfitName } from './paths.ts'
import type { ReplicaSection } from './replica-keys.ts'
import { resolveReplica } from './resolve-replica.ts'
import type { ConfigSection, DatabaseSection } from './schema.ts'

/** Litestream 0.5 takes a path with this before it. */
const SQLITE_URL = /^sqlite3?:\/\//

/**
 * One database with its replicas, resolved. `meta-path` is taken as it stands, relative to the working directory.
 * @param top has what counts for all databases
 * @throws WherryError ERR_CONFIG
 */
export function resolveDatabase(section: DatabaseSection, top: ConfigSection): DatabaseOptions {
  const { values } = section
  if (values.path === undefined) throw section.error('path', 'path is missing; give the database file')
  const path = absolutePath(values.path.replace(SQLITE_URL, ''))
  const problem = unfitName(path)
  if (problem !== undefined) throw section.error('path', `"${path}" cannot be a database: ${problem}`)
  return {
    path,
    metaPath: plainPath(values['meta-path'] ?? join(dirname(path), `.${basename(path)}-wherry`)),
    ...resolveSettings(section, top),
  }
}

/** What a database and those of a directory have in common. @throws WherryError ERR_CONFIG */
export function resolveSettings(
  section: DatabaseSection,
  top: ConfigSection,
): Omit<DatabaseOptions, 'path' | 'metaPath'> {
  const { values } = section
  return {
    monitorIntervalMs: positive(section, 'monitor-interval'),
    checkpointIntervalMs: Math.max(values['checkpoint-interval'], 0),
    minCheckpointPageCount: positive(section, 'min-checkpoint-page-count'),
    maxCheckpointPageCount: Math.max(values['max-checkpoint-page-count'], 0),
    spoolLimitBytes: positive(section, 'spool-limit'),
    onConflict: top.values.conflict === 'use-local' ? 'use-local' : databaseDefaults.onConflict,
    replicas: resolveReplicas(values.replicas),
  }
}

function positive(
  section: DatabaseSection,
  key: 'monitor-interval' | 'min-checkpoint-page-count' | 'spool-limit',
): number {
  const value = section.values[key]
  if (value > 0) return value
  throw section.error(key, `${key} must be above 0`)
}

function resolveReplicas(sections: readonly ReplicaSection[]): ReplicaOptions[] {
  const names = new Set<string>()
  return sections.map((section) => {
    const replica = resolveReplica(section)
    if (names.has(replica.name)) {
      const why = section.values.name === undefined ? ' (the type, as name is not set)' : ''
      throw section.error('name', `two replicas are called "${replica.name}"${why}; set name to tell them apart`)
    }
    names.add(replica.name)
    return replica
  })
}

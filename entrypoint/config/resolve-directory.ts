import { basename, dirname, join, posix } from 'node:path'
import type { DatabaseOptions, ReplicaOptions } from '../../engine/options.ts'
import type { StorageOptions } from '../../engine/storage/options.ts'
import { type Directory, OWN_FOLDER } from '../directories/directory.ts'
import { parsePattern } from '../directories/pattern.ts'
import { absolutePath, plainPath } from './paths.ts'
import { resolveSettings } from './resolve-database.ts'
import type { ConfigSection, DatabaseSection } from './schema.ts'

/** Keys that mean something for a directory alone. */
export const directoryKeys = ['dir', 'pattern', 'recursive', 'watch', 'meta-dir'] as const
/** Keys that mean something for a database alone. */
export const namedKeys = ['path', 'meta-path'] as const

/**
 * A directory of databases, resolved. Each database's replicas are in the directory's replicas, at the database's own path below
 * the directory, as in Litestream 0.5.
 * @param top has what counts for all databases
 * @throws WherryError ERR_CONFIG
 */
export function resolveDirectory(section: DatabaseSection, top: ConfigSection): Directory {
  const { dir = '', pattern, recursive, watch, 'meta-dir': metaDir } = section.values
  for (const key of namedKeys) {
    if (section.values[key] === undefined) continue
    const instead = key === 'path' ? 'drop one of them' : 'give meta-dir instead'
    throw section.error(key, `${key} and dir are both set; ${instead}`)
  }
  if (pattern === undefined) {
    throw section.error('pattern', 'pattern is missing; give one for the names of the databases in dir, like "*.db"')
  }
  const matches = parsePattern(pattern)
  if (matches === undefined)
    throw section.error('pattern', `"${pattern}" is not a pattern for names of files, like "*.db"`)
  const path = absolutePath(dir)
  const settings = resolveSettings(section, top)
  const metaRoot = metaDir === undefined ? undefined : plainPath(metaDir)
  const replicaFolders = settings.replicas.flatMap(({ storage }) => (storage.type === 'file' ? [storage.path] : []))
  return {
    path,
    metaPath: metaRoot ?? join(path, OWN_FOLDER),
    matches,
    recursive,
    watch,
    leftOut: metaRoot === undefined ? replicaFolders : [metaRoot, ...replicaFolders],
    replicas: settings.replicas,
    optionsOf: (name): DatabaseOptions => {
      const database = join(path, name)
      const beside = join(dirname(database), `.${basename(database)}-wherry`)
      return {
        ...settings,
        path: database,
        metaPath: metaRoot === undefined ? beside : join(metaRoot, `${name}-wherry`),
        replicas: settings.replicas.map((replica) => replicaBelow(replica, name)),
      }
    },
  }
}

function replicaBelow(replica: ReplicaOptions, name: string): ReplicaOptions {
  return { ...replica, storage: storageBelow(replica.storage, name) }
}

function storageBelow(storage: StorageOptions, name: string): StorageOptions {
  return { ...storage, path: (storage.type === 'file' ? join : posix.join)(storage.path, name) }
}

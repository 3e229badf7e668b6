import { basename, isAbsolute, relative, sep } from 'node:path'
import type { DatabaseOptions, ReplicaOptions } from '../../engine/options.ts'
import type { NameMatcher } from './pattern.ts'

/** A folder whose databases are replicated, each to a place of its own. */
export interface Directory {
  /** Absolute path. */
  readonly path: string
  /** Absolute path of the folder for what belongs to the directory as a whole. */
  readonly metaPath: string
  readonly matches: NameMatcher
  /** With the folders below it. */
  readonly recursive: boolean
  /** Databases that come and go while Wherry runs count too. */
  readonly watch: boolean
  /** Absolute paths of folders that are not looked into. */
  readonly leftOut: readonly string[]
  /** Those of each database are below them. */
  readonly replicas: readonly ReplicaOptions[]
  /** What counts for the database at this path below the directory, which has slashes. */
  readonly optionsOf: (name: string) => DatabaseOptions
}

/** The folder of a directory's own. */
export const OWN_FOLDER = '.wherry'

/** SQLite's files beside a database; databases that a restore makes or keeps; the folders of engines. */
const NO_DATABASE = [
  /-(?:wal|shm|journal)$/,
  /\.[0-9a-f]{16}\.tmp(?:-lock)?$/,
  /\.tmp$/,
  /\.(?:aside|orphan)-\d/,
  /^\..*-(?:wherry|litestream)$/,
  /^\..*-wherry-check/,
]

/** True for names of files and folders that are not databases, and hold none. */
export function isLeftOut(name: string): boolean {
  return name === OWN_FOLDER || NO_DATABASE.some((pattern) => pattern.test(name))
}

/** True when a file with this name may be one of the directory's databases. */
export function mayBeDatabase({ matches }: Pick<Directory, 'matches'>, name: string): boolean {
  return matches(name) && !isLeftOut(name)
}

/**
 * What counts for the database at `path`, whether or not there is one.
 * @returns undefined for a path that is none of the directory's
 */
export function optionsIn(directory: Directory, path: string): DatabaseOptions | undefined {
  const name = relative(directory.path, path)
  if (name === '' || isAbsolute(name)) return undefined
  const parts = name.split(sep)
  const folders = parts.slice(0, -1)
  const isLeft = folders.includes('..') || folders.some(isLeftOut) || isBelow(path, directory.leftOut)
  const isDeep = folders.length > 0 && !directory.recursive
  if (isLeft || isDeep || !mayBeDatabase(directory, basename(path))) return undefined
  return directory.optionsOf(parts.join('/'))
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path.startsWith(folder + sep))
}

/** The databases of a configuration: those that it names, and those that directories may have. */
export interface Databases {
  readonly databases: readonly DatabaseOptions[]
  readonly directories: readonly Directory[]
}

/** What a configuration says of the database at `path`; undefined when it says nothing. */
export function findDatabase({ databases, directories }: Databases, path: string): DatabaseOptions | undefined {
  const named = databases.find((database) => database.path === path)
  if (named !== undefined) return named
  for (const directory of directories) {
    const options = optionsIn(directory, path)
    if (options !== undefined) return options
  }
  return undefined
}

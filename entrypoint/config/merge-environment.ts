import { WherryError } from '../../engine/errors.ts'
import { type GivenSection, overlay, sectionOf, sectionsOf } from './given.ts'
import type { GivenLevels } from './read-environment.ts'
import { replicaKeys } from './replica-keys.ts'
import { variableName } from './variables.ts'

/** What a configuration file gives. */
export interface GivenFile {
  /** For messages. */
  readonly path: string
  readonly section: GivenSection
}

/**
 * The file with what variables say instead, key by key. The variables of a database and of a replica are about the only
 * one, which they make when the file has none.
 * @throws WherryError ERR_CONFIG when there is more than one for them, or only one of both
 */
export function mergeEnvironment(file: GivenFile | undefined, levels: GivenLevels): GivenSection {
  const { given, missing } = overlay(file?.section, levels.top)
  const merged = new Map(given)
  if (levels.logging.given.size > 0) {
    const logging = given.get('logging')
    const value = overlay(sectionOf(logging?.value), levels.logging)
    merged.set('logging', { value, place: logging?.place ?? levels.logging.missing(undefined) })
  }
  if (levels.database.given.size + levels.replica.given.size > 0) {
    const dbs = given.get('dbs')
    const isOff = given.get('replication')?.value === 'off'
    const database = mergeDatabase(file?.path ?? '', sectionsOf(dbs?.value), levels, isOff)
    const value = database === undefined ? [] : [database]
    merged.set('dbs', { value, place: dbs?.place ?? levels.database.missing(undefined) })
  }
  return { given: merged, missing }
}

function mergeDatabase(
  file: string,
  databases: readonly GivenSection[],
  { database, replica }: GivenLevels,
  isOff: boolean,
): GivenSection | undefined {
  const [below, ...others] = databases
  const variable = firstVariable(database) ?? firstVariable(replica) ?? ''
  if (others.length > 0) throw tooMany(variable, `${file} has ${databases.length} databases`)
  if (below === undefined && !database.given.has('path') && !database.given.has('dir')) {
    if (isOff) return undefined
    throw half(variable, variableName('database', 'path'))
  }
  if (replica.given.size === 0) {
    if (below === undefined && !isOff) throw half(variable, variableName('replica', 'url'))
    return overlay(below, database)
  }
  const merged = overlay(below, database)
  const place = replica.missing(undefined)
  const replicas = mergeReplica(file, sectionsOf(below?.given.get('replicas')?.value), replica)
  return { given: new Map([...merged.given, ['replicas', { value: [replicas], place }]]), missing: merged.missing }
}

function mergeReplica(file: string, replicas: readonly GivenSection[], above: GivenSection): GivenSection {
  const [below, ...others] = replicas
  if (others.length > 0)
    throw tooMany(firstVariable(above) ?? '', `the database in ${file} has ${replicas.length} replicas`)
  return overlay(below !== undefined && above.given.has('url') ? withoutPlace(below) : below, above)
}

/** A URL says all about a place: what the file's replica says about its own must not be mixed with it. */
function withoutPlace(replica: GivenSection): GivenSection {
  const isPlace = (key: string): boolean =>
    Object.entries(replicaKeys).some(([name, spec]) => name === key && 'place' in spec)
  return { ...replica, given: new Map([...replica.given].filter(([key]) => !isPlace(key))) }
}

/** The name of a variable that gives something. */
function firstVariable({ given }: GivenSection): string | undefined {
  const [first] = given.values()
  return first?.place.label
}

function tooMany(variable: string, what: string): WherryError {
  return new WherryError(
    'ERR_CONFIG',
    `${variable}: ${what}, and variables are about the only one; unset the variable, and set the key in the file`,
  )
}

function half(set: string, unset: string): WherryError {
  return new WherryError(
    'ERR_CONFIG',
    `${set} is set without ${unset}; set both, or WHERRY_REPLICATION=off to run without a backup`,
  )
}

import { WherryError } from '../errors.ts'
import { formatPosition } from '../format/names.ts'
import type { Relation, Remote } from './relate.ts'

/** The error for a replica that must not be written to. */
export function conflict(path: string, replica: string, relation: Relation, remote: Remote): WherryError {
  return new WherryError(
    'ERR_DATABASE_CONFLICT',
    `Replica ${replica} holds ${describe(relation, path)} (${until(remote)}); nothing is written to it. ` +
      'Restore the database from it, as run does with the setting conflict (WHERRY_CONFLICT) at use-replica, or start once ' +
      'with WHERRY_CONFLICT=use-local to go on with this one and pass over what the replica holds',
  )
}

function describe(relation: Relation, path: string): string {
  if (relation === 'behind') return `newer data of the same history than ${path}`
  if (relation === 'superseded') return `another writer's generation, which ${path} does not contain`
  return `a generation of which ${path} has no proof to descend from`
}

function until({ generation, end, start, updatedAt }: Remote): string {
  const position = formatPosition({ generation, ...start, ...(end === undefined ? {} : { offset: end.offset }) })
  return `up to ${position}, stored at ${updatedAt.toISOString()}`
}

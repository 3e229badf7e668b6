import { WherryError } from '../errors.ts'
import { formatPosition } from '../format/names.ts'
import type { Relation, Remote } from './relate.ts'

/** The error for a replica that must not be written to. */
export function conflict(path: string, replica: string, relation: Relation, remote: Remote): WherryError {
  return new WherryError(
    'ERR_DATABASE_CONFLICT',
    `Replica ${replica} holds ${describe(relation, remote)} than ${path}; nothing is written to it. ` +
      'Restore the database from it, or set conflict to use-local to go on with this one and pass over what the replica holds',
  )
}

function describe(relation: Relation, { generation, end, start, updatedAt }: Remote): string {
  const position = formatPosition({ generation, ...start, ...(end === undefined ? {} : { offset: end.offset }) })
  const what = relation === 'behind' ? 'newer data of the same history' : 'a newer generation of another writer'
  return `${what} (up to ${position}, stored at ${updatedAt.toISOString()})`
}

import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/**
 * Names for a copy of a database, see CheckRequest.copyPaths: beside it, where databases have room, then in the system's folder
 * for temporary files.
 *
 * @param database its path; undefined for a replica alone
 */
export function copyPathsFor(database: string | undefined): string[] {
  const beside = database === undefined ? [] : [join(dirname(database), `.${basename(database)}-wherry-check`)]
  return [...beside, join(tmpdir(), 'wherry-check')]
}

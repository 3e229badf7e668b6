import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseOptions } from '../../engine/index.ts'

/**
 * True for a database that is not there, and whose replicas are folders without any backup: the engine would find nothing
 * else, and its thread takes longer to start than all the rest.
 */
export function isFirstStart({ path, replicas }: DatabaseOptions): boolean {
  return (
    isAbsent(path) &&
    replicas.every(({ storage }) => storage.type === 'file' && isAbsent(join(storage.path, 'generations')))
  )
}

/** What cannot be looked at may be there. */
function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

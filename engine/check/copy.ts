import { hasCode } from '../errors.ts'
import { keys } from '../format/names.ts'
import { Logger } from '../log.ts'
import type { Trial } from '../restore/execute-plan.ts'
import { restoreDatabase } from '../restore/restore.ts'
import type { CheckContext } from './check-replica.ts'
import { isDamage, placeIn } from './damage.ts'
import { checkIntegrity, type Integrity } from './integrity.ts'
import type { CopyReport, Fault } from './report.ts'

export interface CopyResult {
  readonly copy: CopyReport | undefined
  readonly fault: Fault | undefined
  readonly noCopy: string | undefined
}

/**
 * Restores a copy of the newest state, lets SQLite check it, and removes it.
 * @throws the storage's errors, ERR_CANCELLED
 */
export async function tryCopy(databaseBytes: number, context: CheckContext): Promise<CopyResult> {
  try {
    return await copyAndCheck(databaseBytes, context)
  } catch (error) {
    if (hasCode(error, 'ERR_OUTPUT_ACCESS', 'ERR_OUTPUT_EXISTS')) {
      return { copy: undefined, fault: undefined, noCopy: error.message }
    }
    if (!isDamage(error)) throw error
    const object = placeIn(error.message)?.object ?? keys.generations
    const fault = faultOf(object, error.message, 'the newest state cannot be restored')
    return { copy: undefined, fault, noCopy: undefined }
  }
}

async function copyAndCheck(databaseBytes: number, context: CheckContext): Promise<CopyResult> {
  const { client, name, request, logger, signal, onProgress, scratch } = context
  const { generation, parallelism } = request
  const target = {
    outputPath: scratch.placeCopy(databaseBytes),
    ...(generation === undefined ? {} : { generation }),
    ...(parallelism === undefined ? {} : { parallelism }),
  }
  let integrity: Integrity = { verdict: 'unknown', note: undefined }
  const trial: Trial = ({ path }) => {
    onProgress({ activity: 'running integrity_check', doneBytes: 0, totalBytes: 0 })
    integrity = checkIntegrity(path)
  }
  const restored = await restoreDatabase(client, name, target, quiet(logger), signal, { onProgress, trial })
  const { position, updatedAt, pages, sizeBytes, elapsedMs } = restored
  const { verdict, note } = integrity as Integrity
  const copy = { position, updatedAt, pages, sizeBytes, elapsedMs, integrity: verdict, integrityNote: note }
  const object = keys.generation(position.generation)
  const problem = `The database that ${object} restores to fails integrity_check: ${note}`
  const consequence = 'its objects are as they were stored, so check the database itself'
  const fault = verdict === 'damaged' ? faultOf(object, problem, consequence) : undefined
  return { copy, fault, noCopy: undefined }
}

function faultOf(object: string, problem: string, consequence: string): Fault {
  const generation = /[0-9a-f]{16}/.exec(object)?.[0] ?? ''
  return { generation, object, problem, affects: 'newest', consequence }
}

/** A copy is nobody's restored database: its lines are for debugging. */
export function quiet(logger: Logger): Logger {
  return new Logger((level, message, fields) => {
    if (level === 'info' || level === 'debug') logger.debug(message, fields)
    else logger[level](message, fields)
  })
}

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DatabaseOptions, type EngineThread, hasCode, type Logger } from '../../engine/index.ts'
import { withCleanUp } from './clean-up.ts'

/**
 * Restores a database whose file is missing. A replica that answered and holds nothing leaves it missing: the app makes it.
 * @throws every other failure to restore: the app must not start then
 */
export async function restoreMissing(
  engine: EngineThread,
  database: DatabaseOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { path } = database
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    logger.info('database already exists, skipping restore', { db: path })
    return
  }
  if (database.replicas.length === 0) return
  try {
    const request = { outputPath: path, ...ownerOf(dirname(path)) }
    const result = await withCleanUp(path, () => engine.restore(database.replicas, request, signal))
    logger.info('database restored', {
      db: path,
      generation: result.generation,
      elapsed: `${Math.round(result.elapsedMs)}ms`,
    })
  } catch (error) {
    if (!hasCode(error, 'ERR_NO_BACKUP')) throw error
    logger.info('no matching backups found, starting without a database', { db: path })
  }
}

/** Root restores on behalf of the folder's owner: the app that runs as that user must be able to open the file. */
function ownerOf(folder: string): { uid?: number; gid?: number } {
  const stat = process.getuid?.() === 0 ? statSync(folder, { throwIfNoEntry: false }) : undefined
  return stat === undefined ? {} : { uid: stat.uid, gid: stat.gid }
}

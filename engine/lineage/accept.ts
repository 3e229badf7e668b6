import { StateFile } from '../database/state-file.ts'
import { hasCode, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { DatabaseOptions } from '../options.ts'
import { openStorage } from '../storage/open.ts'
import { withPassedOver, withReplica, withSettled } from './lineage.ts'
import { LineageFile } from './lineage-file.ts'
import { findNewest, locate } from './newest.ts'
import { extentOf } from './relate.ts'
import { replicaKey } from './replica-key.ts'

/**
 * For a user who decided to go on with the local database: what its replicas hold now is passed over for good. A replica that
 * does not answer is left out, with a warning: it is asked again before the first byte is written to it.
 *
 * @throws WherryError ERR_DATABASE_ACCESS when that cannot be written down
 */
export async function acceptLocal(options: DatabaseOptions, logger: Logger, signal: AbortSignal): Promise<void> {
  const file = new LineageFile(options.metaPath)
  const present = new StateFile(options.metaPath).load()?.generation
  for (const replica of options.replicas) {
    const { name } = replica
    const client = await openStorage(replica)
    try {
      const newest = await findNewest(client, name, signal)
      if (newest === undefined) continue
      const remote = await locate(client, newest, undefined, signal)
      const key = replicaKey(replica.storage)
      const lineage = withReplica(withSettled(file.load(), [extentOf(remote)]), key)
      file.save(remote.generation === present ? lineage : withPassedOver(lineage, key))
      const fields = { db: options.path, replica: name, generation: remote.generation }
      logger.warn('what the replica holds is passed over, the local database goes on', fields)
    } catch (error) {
      if (hasCode(error, 'ERR_DATABASE_ACCESS')) throw error
      logger.warn('replica cannot be asked what it holds', { db: options.path, replica: name, error: messageOf(error) })
    } finally {
      await client.close()
    }
  }
}

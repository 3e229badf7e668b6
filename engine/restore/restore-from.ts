import type { Logger } from '../log.ts'
import type { StorageOptions } from '../options.ts'
import { openStorage } from '../storage/open.ts'
import { chooseReplica } from './choose-replica.ts'
import { type RestoreRequest, type RestoreResult, restoreDatabase } from './restore.ts'

/**
 * Restores a database from the one of its replicas that has the newest data for the request.
 * @throws what restoreDatabase throws; ERR_NO_BACKUP only when every replica answered
 */
export async function restoreFrom(
  sources: readonly { readonly name: string; readonly storage: StorageOptions }[],
  request: RestoreRequest,
  logger: Logger,
  signal: AbortSignal,
): Promise<RestoreResult> {
  const candidates = await Promise.all(
    sources.map(async ({ name, storage }) => ({ name, client: await openStorage(storage) })),
  )
  try {
    const { client, name, plan } = await chooseReplica(candidates, request, logger, signal)
    return await restoreDatabase(client, name, request, logger, signal, { plan })
  } finally {
    for (const { client } of candidates) await client.close()
  }
}

import { messageOf } from '../errors.ts'
import { findNewest, locate } from '../lineage/newest.ts'
import { extentOf, type Remote } from '../lineage/relate.ts'
import { replicaKey } from '../lineage/replica-key.ts'
import type { Logger } from '../log.ts'
import type { OnProgress } from '../progress.ts'
import { throwIfAborted } from '../storage/abort.ts'
import { openStorage } from '../storage/open.ts'
import type { ReplicaPlace } from '../storage/options.ts'
import { chooseReplica, type ReplicaCandidate } from './choose-replica.ts'
import type { PassedOver } from './execute-plan.ts'
import { type RestoreRequest, type RestoreResult, restoreDatabase } from './restore.ts'

/** A replica to restore from. */
export interface RestoreSource extends ReplicaPlace {
  readonly name: string
}

/**
 * Restores a database from the one of its replicas that has the newest data for the request.
 * @throws what restoreDatabase throws; ERR_NO_BACKUP only when every replica answered
 */
export async function restoreFrom(
  sources: readonly RestoreSource[],
  request: RestoreRequest,
  logger: Logger,
  signal: AbortSignal,
  onProgress?: OnProgress,
): Promise<RestoreResult> {
  const open = (source: RestoreSource) =>
    openStorage(source, { warn: (message, fields) => logger.with({ replica: source.name }).warn(message, fields) })
  const candidates = await Promise.all(
    sources.map(async (source) => ({ name: source.name, client: await open(source) })),
  )
  try {
    const replicas = sources.map(({ storage }) => replicaKey(storage))
    const passedOver = await whatIsPassedOver(candidates, request, logger, signal)
    const { client, name, plan } = await chooseReplica(candidates, request, logger, signal)
    return await restoreDatabase(client, name, request, logger, signal, { plan, passedOver, replicas, onProgress })
  } finally {
    for (const { client } of candidates) await client.close()
  }
}

/** Who asks for an older state, or another generation, gives up what came after it in all replicas that answer. */
async function whatIsPassedOver(
  candidates: readonly ReplicaCandidate[],
  { metaPath, generation, index, timestamp }: RestoreRequest,
  logger: Logger,
  signal: AbortSignal,
): Promise<PassedOver | undefined> {
  const isNewest = generation === undefined && index === undefined && timestamp === undefined
  if (metaPath === undefined || isNewest) return undefined
  const found: Remote[] = []
  for (const { client, name } of candidates) {
    try {
      const newest = await findNewest(client, name, signal)
      if (newest !== undefined) found.push(await locate(client, newest, undefined, signal))
    } catch (error) {
      throwIfAborted(signal, 'The restore')
      logger.warn('replica cannot be asked what it holds', { replica: name, error: messageOf(error) })
    }
  }
  const asOf = new Date(Math.max(0, ...found.map(({ updatedAt }) => updatedAt.getTime())))
  return found.length === 0 ? undefined : { settled: found.map(extentOf), asOf }
}

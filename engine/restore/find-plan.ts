import { hasCode } from '../errors.ts'
import { keys } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { StorageClient } from '../storage/client.ts'
import type { RestoreTarget } from './listing.ts'
import { planRestore, type RestorePlan } from './plan.ts'
import { whileUnreachable } from './retry.ts'
import { surveyReplica } from './survey.ts'
import { defaultTuning } from './tuning.ts'

/**
 * Lists a replica and plans the restore of `target`.
 *
 * @param unusable as in planRestore
 * @throws what planRestore throws; the storage's errors
 */
export async function findPlan(
  client: StorageClient,
  replica: string,
  target: RestoreTarget,
  logger: Logger,
  signal: AbortSignal,
  { unusable = new Set<string>(), retryDelaysMs = defaultTuning.retryDelaysMs } = {},
): Promise<RestorePlan> {
  const survey = () => surveyReplica(client, target, unusable, signal)
  const look = async () => {
    const what = `The list of replica ${replica}`
    return planRestore(replica, await whileUnreachable(what, survey, retryDelaysMs, logger, signal), target, unusable)
  }
  const plan = await look().catch((error: unknown) => {
    // Retention may have deleted between two listings: a real gap is there at the second look too.
    if (hasCode(error, 'ERR_REPLICA_DAMAGED')) return look()
    throw error
  })
  for (const generation of plan.passedOver) {
    const message = 'generation is newer than what is restored, but has no snapshot and cannot be used'
    logger.warn(message, { object: keys.generation(generation), restored: plan.snapshot.generation })
  }
  for (const { generation, why } of plan.doubts) {
    const message = 'another generation may be newer than what is restored; -generation restores it'
    logger.warn(message, { generation, restored: plan.snapshot.generation, reason: why })
  }
  return plan
}

import { hasCode, messageOf, WherryError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { StorageClient } from '../storage/client.ts'
import { findPlan } from './find-plan.ts'
import type { RestoreTarget } from './listing.ts'
import type { RestorePlan } from './plan.ts'

export interface ReplicaCandidate {
  readonly name: string
  readonly client: StorageClient
}

/**
 * The replica with the newest data for `target`; the first of equal ones. One that fails is left out, with a warning,
 * while another one has a match: but when no other one has, its failure is thrown, since what could not be asked is not
 * known to be empty.
 *
 * @throws WherryError ERR_NO_BACKUP when all answered and nothing matches; the first failure otherwise
 */
export async function chooseReplica<C extends ReplicaCandidate>(
  candidates: readonly C[],
  target: RestoreTarget,
  logger: Logger,
  signal: AbortSignal,
): Promise<C & { readonly plan: RestorePlan }> {
  const found = await Promise.allSettled(
    candidates.map(async (candidate) => {
      const plan = await findPlan(candidate.client, candidate.name, target, logger, signal)
      return { ...candidate, plan }
    }),
  )
  const matches = found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const errors = found.map((result) => (result.status === 'rejected' ? result.reason : undefined))
  const failure = errors.find((error) => error !== undefined && !hasCode(error, 'ERR_NO_BACKUP'))
  const [first, ...others] = matches
  if (first === undefined) {
    throw failure ?? errors[0] ?? new WherryError('ERR_NO_BACKUP', 'No matching backups found: there is no replica')
  }
  for (const [at, error] of errors.entries()) {
    if (error === undefined || hasCode(error, 'ERR_NO_BACKUP')) continue
    logger.warn('replica failed, restoring from another one', {
      replica: candidates[at]?.name,
      error: messageOf(error),
    })
  }
  return others.reduce((best, match) => (match.plan.updatedAt > best.plan.updatedAt ? match : best), first)
}

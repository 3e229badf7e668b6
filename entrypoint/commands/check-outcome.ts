import type { ErrorCode, ReplicaOptions, ReplicaReport, WherryError } from '../../engine/index.ts'
import { exitStatus, exitStatuses } from '../exit-codes.ts'

/** A replica to check. */
export interface CheckTarget {
  /** Absolute path; undefined for a replica given by URL. */
  readonly database: string | undefined
  readonly replica: ReplicaOptions
}

/** What came of it: a report, or why there is none. */
export interface CheckOutcome extends CheckTarget {
  readonly report: ReplicaReport | undefined
  readonly error: WherryError | undefined
}

const codes: Readonly<Record<ReplicaReport['verdict'], ErrorCode | undefined>> = {
  ok: undefined,
  damaged: 'ERR_REPLICA_DAMAGED',
  empty: 'ERR_NO_BACKUP',
}

/** The exit status of several checks: damage counts most, then what could not be found out, then that nothing is there. */
export function checkStatus(outcomes: readonly CheckOutcome[]): number {
  const statuses = outcomes.map(statusOf).filter((status) => status !== 0)
  const { ERR_REPLICA_DAMAGED, ERR_NO_BACKUP } = exitStatuses
  if (statuses.includes(ERR_REPLICA_DAMAGED)) return ERR_REPLICA_DAMAGED
  return statuses.find((status) => status !== ERR_NO_BACKUP) ?? statuses[0] ?? 0
}

function statusOf({ report, error }: CheckOutcome): number {
  if (report === undefined) return exitStatus(error)
  const code = codes[report.verdict]
  if (code !== undefined) return exitStatuses[code]
  return report.noCopy === undefined ? 0 : exitStatuses.ERR_OUTPUT_ACCESS
}

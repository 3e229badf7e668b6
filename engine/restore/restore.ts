import { hasCode } from '../errors.ts'
import { keys, type Position } from '../format/names.ts'
import type { Logger } from '../log.ts'
import { type OnProgress, progressLines } from '../progress.ts'
import type { StorageClient } from '../storage/client.ts'
import { executePlan, type PassedOver, type Trial } from './execute-plan.ts'
import { findPlan } from './find-plan.ts'
import type { RestoreTarget } from './listing.ts'
import type { Ownership } from './ownership.ts'
import type { RestorePlan } from './plan.ts'
import { defaultTuning, type RestoreTuning } from './tuning.ts'
import { SnapshotAhead } from './wal-chain.ts'

/** Plans that may turn out to be outdated before a restore gives up. */
const MAX_PLANS = 5

export interface RestoreRequest extends RestoreTarget, Ownership {
  /** Absolute path of the database to make. */
  readonly outputPath: string
  /** How many objects to download at a time. @default 8 */
  readonly parallelism?: number
  /** The folder for the engine's state, when the database is going to be replicated: its lineage begins anew there. */
  readonly metaPath?: string
  /**
   * A database that exists is renamed to NAME.aside-STAMP, with its WAL, when the restored one is complete; otherwise it is
   * an error. @default false
   */
  readonly setAside?: boolean
  /** A file of 0 bytes, which is no database yet, is replaced; otherwise it is an error. @default false */
  readonly replaceEmpty?: boolean
}

export interface RestoreResult {
  /** The replica's name. */
  readonly replica: string
  readonly generation: string
  readonly snapshotIndex: number
  /** The last WAL index that was applied; the snapshot's when there was none. */
  readonly maxIndex: number
  /** Where the restored state ends in the WAL. */
  readonly position: Position
  /** Size of the database. */
  readonly pages: number
  readonly sizeBytes: number
  readonly bytesDownloaded: number
  readonly elapsedMs: number
  /** The time of the newest object in use, by the storage's clock. */
  readonly updatedAt: Date
  /** Bytes written to the database file. */
  readonly bytesWritten: number
}

export interface RestoreOptions {
  /** What chooseReplica found, to save asking again. */
  readonly plan?: RestorePlan
  readonly tuning?: RestoreTuning
  /** What the replicas hold beside what is restored, when that is not their newest state. */
  readonly passedOver?: PassedOver | undefined
  /** The replicas, by replicaKey, that there were to choose from. */
  readonly replicas?: readonly string[]
  /** @default log lines, when it takes long */
  readonly onProgress?: OnProgress | undefined
  readonly trial?: Trial
}

/**
 * Makes a database file of what a replica holds. The file is complete, verified and on disk when it gets its name; when
 * anything fails nothing of it is left, and nothing that was there is overwritten or moved.
 *
 * @param replicaName for messages
 * @throws WherryError ERR_NO_BACKUP when the replica answered and nothing matches; ERR_REPLICA_DAMAGED, naming the object;
 *   ERR_OUTPUT_EXISTS; ERR_OUTPUT_ACCESS; ERR_USAGE; ERR_CANCELLED; the storage's errors
 */
export async function restoreDatabase(
  client: StorageClient,
  replicaName: string,
  request: RestoreRequest,
  logger: Logger,
  signal: AbortSignal = new AbortController().signal,
  { plan: given, tuning = defaultTuning, passedOver, replicas = [], onProgress, trial }: RestoreOptions = {},
): Promise<RestoreResult> {
  const startedAt = performance.now()
  const context = { tuning, passedOver, replicas, onProgress: onProgress ?? progressLines(logger), trial }
  const unusable = new Set<string>()
  const options = { unusable, retryDelaysMs: tuning.retryDelaysMs }
  let plan = given ?? (await findPlan(client, replicaName, request, logger, signal, options))
  for (let plans = 1; ; plans++) {
    try {
      const { end, ...done } = await executePlan(plan, client, request, logger, signal, context)
      const { generation, index: snapshotIndex } = plan.snapshot
      const elapsedMs = performance.now() - startedAt
      return {
        replica: replicaName,
        generation,
        snapshotIndex,
        maxIndex: end.index,
        position: end,
        updatedAt: plan.updatedAt,
        elapsedMs,
        ...done,
      }
    } catch (error) {
      if (plans === MAX_PLANS || !isOutdated(error)) throw error
      if (error instanceof SnapshotAhead) unusable.add(keys.snapshot(error.snapshot.generation, error.snapshot.index))
      const next = await findPlan(client, replicaName, request, logger, signal, options).catch(() => undefined)
      if (next === undefined || isSame(next, plan)) throw error
      logger.warn('restore starts again with other objects', { error: error.message })
      plan = next
    }
  }
}

/** True for errors that another plan may not meet: retention removed an object, or a snapshot is too new after all. */
function isOutdated(error: unknown): error is Error {
  return error instanceof SnapshotAhead || hasCode(error, 'ERR_OBJECT_NOT_FOUND')
}

function isSame(a: RestorePlan, b: RestorePlan): boolean {
  const objects = ({ snapshot, wal }: RestorePlan) => [
    keys.snapshot(snapshot.generation, snapshot.index),
    ...wal.flatMap(({ segments }) => segments.map((segment) => keys.segment(segment))),
  ]
  return JSON.stringify(objects(a)) === JSON.stringify(objects(b))
}

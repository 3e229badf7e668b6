import { setImmediate } from 'node:timers/promises'
import { hex8, type Position } from '../format/names.ts'
import type { Inheritance } from '../lineage/inherit.ts'
import type { LogFields, Logger } from '../log.ts'
import type { OnProgress } from '../progress.ts'
import { throwIfAborted } from '../storage/abort.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../storage/client.ts'
import { applySnapshot, requirePageSize } from './apply-snapshot.ts'
import { type AppliedWal, applyWal } from './apply-wal.ts'
import { Downloads } from './downloads.ts'
import { OutputFile } from './output-file.ts'
import { PageFile } from './page-file.ts'
import type { RestorePlan } from './plan.ts'
import { Prefetch } from './prefetch.ts'
import type { RestoreRequest } from './restore.ts'
import type { RestoreTuning } from './tuning.ts'
import { WalChain } from './wal-chain.ts'
import { WalStore } from './wal-store.ts'

const DEFAULT_PARALLELISM = 8

/** What was made of a plan. */
export interface ExecutedPlan {
  readonly pages: number
  readonly sizeBytes: number
  /** Where the restored state ends in the WAL. */
  readonly end: Position
  readonly bytesDownloaded: number
  readonly bytesWritten: number
}

/** What a restore of an older state gives up, see {@link Inheritance}. */
export type PassedOver = Omit<Inheritance, 'replicas'>

interface Context {
  readonly tuning: RestoreTuning
  readonly passedOver: PassedOver | undefined
  readonly replicas: readonly string[]
  readonly onProgress: OnProgress
  readonly trial: Trial | undefined
}

/** Makes a restore a trial: the database is only looked at, under its temporary name, and thrown away. */
export type Trial = (copy: TrialCopy) => void | Promise<void>

export interface TrialCopy {
  readonly path: string
  readonly pageSize: number
  readonly pages: number
  /** Where the restored state ends in the WAL. */
  readonly end: Position
  /** The page of each frame that was taken from index `end.index`; none when there was no WAL. */
  readonly newestPages: Uint32Array
}

/**
 * Downloads a plan's objects and makes the database of them. When it fails, no file of it is left.
 * @throws as restoreDatabase
 */
export async function executePlan(
  plan: RestorePlan,
  client: StorageClient,
  request: RestoreRequest,
  logger: Logger,
  signal: AbortSignal,
  { tuning, passedOver, replicas, onProgress, trial }: Context,
): Promise<ExecutedPlan> {
  const stop = new AbortController()
  const totalBytes = sizeOf(plan)
  const onBytes = (bytes: number): void =>
    onProgress({
      activity: trial === undefined ? 'restoring' : 'restoring a copy',
      doneBytes: Math.min(bytes, totalBytes),
      totalBytes,
    })
  const downloads = new Downloads(client, logger, AbortSignal.any([signal, stop.signal]), tuning, onBytes)
  const file = new OutputFile(request.outputPath, request, logger)
  const store = new WalStore(() => file.walPath, tuning.memoryLimitBytes)
  const prefetch = new Prefetch(newestFirst(plan.wal), downloads, request.parallelism ?? DEFAULT_PARALLELISM, tuning)
  const pageFile = new PageFile(file.descriptor, file.path)
  try {
    const chain = new WalChain(store)
    const turn = async () => {
      await setImmediate()
      throwIfAborted(signal, `The restore of ${request.outputPath}`)
    }
    logWal(plan, logger)
    const wal = await applyWal(plan.wal, pageFile, { downloads, prefetch, store, chain, logger, next: plan.next, turn })
    logger.info('restoring snapshot', { ...describe(plan.snapshot), path: file.path })
    const snapshot = await applySnapshot(plan.snapshot, downloads, pageFile)
    if (wal !== undefined) requirePageSize(plan.snapshot, snapshot, wal.pageSize)
    if (snapshot.mark !== undefined) chain.requireSnapshot(plan.snapshot, snapshot.mark, plan.tooNew)
    if (wal === undefined) logger.info('snapshot only, finalizing database', describe(plan.snapshot))
    const pages = wal?.pages ?? snapshot.sizeBytes / snapshot.pageSize
    await turn()
    const sizeBytes = pages * snapshot.pageSize
    const end = { ...lastIndex(plan), offset: wal?.endOffset ?? 0 }
    if (trial === undefined) await file.finish(sizeBytes, { ...inheritance(plan, wal, passedOver), replicas })
    else {
      store.close() // SQLite would take its file for the database's WAL
      const { path } = file
      const { pageSize } = snapshot
      const newestPages = wal?.newestPages ?? new Uint32Array()
      await file.try(sizeBytes, () => trial({ path, pageSize, pages, end, newestPages }))
    }
    const { bytesWritten } = pageFile
    return { pages, sizeBytes, end, bytesDownloaded: downloads.bytes, bytesWritten }
  } finally {
    stop.abort()
    await prefetch.settled()
    await pageFile.settled().catch(() => {}) // an error that matters was thrown before
    store.close()
    file.discard()
  }
}

/** Everything in the replica up to the end of what was applied is in the restored database. */
function inheritance(
  plan: RestorePlan,
  applied: AppliedWal | undefined,
  passedOver: PassedOver | undefined,
): PassedOver {
  const restored = { ...lastIndex(plan), offset: applied?.storedOffset ?? 0 }
  return { settled: [restored, ...(passedOver?.settled ?? [])], asOf: passedOver?.asOf ?? plan.updatedAt }
}

function lastIndex({ snapshot, wal }: RestorePlan): Omit<Position, 'offset'> {
  return { generation: snapshot.generation, index: wal.at(-1)?.index ?? snapshot.index }
}

/** The stored bytes of the plan's objects. */
function sizeOf({ snapshot, wal }: RestorePlan): number {
  const segments = wal.flatMap((index) => index.segments)
  return segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, snapshot.sizeBytes)
}

function newestFirst(wal: RestorePlan['wal']): SegmentInfo[] {
  return wal.toReversed().flatMap(({ segments }) => segments)
}

function describe({ generation, index }: SnapshotInfo): LogFields {
  return { generation, index: hex8(index) }
}

function logWal({ snapshot, wal }: RestorePlan, logger: Logger): void {
  const last = wal.at(-1)
  if (last === undefined) return
  const { generation, index } = snapshot
  logger.info('restoring wal files', { generation, index_min: hex8(index), index_max: hex8(last.index) })
}

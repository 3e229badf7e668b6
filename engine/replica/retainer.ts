import { hasCode, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import { applyRetention, listHoldings } from './retain.ts'
import { type Holdings, planRetention, type RetentionPlan } from './retention.ts'
import { type RetentionAct, RetentionRefusal } from './retention-refusal.ts'
import type { Snapshotter, TakenSnapshot } from './snapshotter.ts'
import { StorageClock } from './storage-clock.ts'

/** How soon retention looks again whether what it waits for is done. */
const LOOK_AGAIN_MS = 1000

/** What a storage that will not be asked in vain answers. */
const REFUSALS = ['ERR_STORAGE_DENIED', 'ERR_STORAGE_LOCAL'] as const

/**
 * Keeps the retention of one replica. It remembers what it listed, so that a check that finds nothing to do asks the
 * storage nothing. It deletes in the background: a large deletion does not hold up uploads.
 */
export class Retainer {
  readonly #options: ReplicaOptions
  readonly #client: StorageClient
  readonly #snapshotter: Snapshotter
  readonly #logger: Logger
  readonly #refusal: RetentionRefusal
  readonly #clock: StorageClock
  #known: Holdings | undefined
  /** The newest snapshot when the replica was listed. */
  #newestListed: SnapshotInfo | undefined
  #observed: TakenSnapshot | undefined
  #dueAtMs: number
  /** The storage is asked nothing before. */
  #notBeforeMs = 0
  #task: Promise<void> | undefined

  constructor(options: ReplicaOptions, client: StorageClient, snapshotter: Snapshotter, logger: Logger) {
    this.#options = options
    this.#client = client
    this.#snapshotter = snapshotter
    this.#logger = logger
    this.#refusal = new RetentionRefusal(options, logger)
    this.#clock = new StorageClock(logger)
    this.#dueAtMs =
      options.retentionMs > 0 ? performance.now() + options.retentionCheckIntervalMs : Number.POSITIVE_INFINITY
  }

  get dueAtMs(): number {
    return this.#dueAtMs
  }

  /** Settles when the deletion that is under way has ended; undefined when there is none. Never rejects. */
  get task(): Promise<void> | undefined {
    return this.#task
  }

  /** Puts the check off: there is nothing to go by yet. */
  postpone(): void {
    this.#dueAtMs = performance.now() + this.#options.retentionCheckIntervalMs
  }

  /**
   * One check. Failures are logged; the next check is a new try.
   * @param generation the present one
   * @param takeSnapshot begins a snapshot
   * @returns false when the replica has lost the newest snapshot: then nothing is deleted
   */
  async check(generation: string, takeSnapshot: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    this.postpone()
    if (this.#task !== undefined) {
      this.#dueAtMs = Math.min(this.#dueAtMs, performance.now() + LOOK_AGAIN_MS)
      return true
    }
    if (this.#known === undefined && (await this.#list(signal)) === 'lost') return false
    const plan = this.#plan(generation)
    if (hasWork(plan)) {
      // Others may have written since: decide on what is there now.
      const answer = await this.#list(signal)
      if (answer === 'lost') return false
      const present = this.#plan(generation)
      if (answer === 'listed' && hasWork(present)) this.#task = this.#delete(present, signal)
    }
    if (plan.snapshotNeeded) {
      const { task, notBeforeMs } = this.#snapshotter
      if (task === undefined && performance.now() >= notBeforeMs) await this.#begin(takeSnapshot)
      // The sync loop, which called this, must run on for the snapshot to end; then it is the time to look again.
      this.#dueAtMs = performance.now() + LOOK_AGAIN_MS
    }
    return true
  }

  async #begin(takeSnapshot: () => Promise<void>): Promise<void> {
    try {
      await takeSnapshot()
    } catch (error) {
      this.#logger.error('retainer error', { error: messageOf(error) })
    }
  }

  /** Never rejects. */
  async #delete(plan: RetentionPlan, signal: AbortSignal): Promise<void> {
    try {
      await applyRetention(this.#client, plan, this.#logger, signal)
      this.#known = undefined
      this.#refusal.granted('delete')
    } catch (error) {
      this.#fail('delete', error, signal)
    } finally {
      this.#task = undefined
    }
  }

  #fail(act: RetentionAct, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    if (hasCode(error, ...REFUSALS)) {
      this.#refusal.refused(act, error.message)
    } else {
      this.#known = undefined
      // While a snapshot is waited for, checks are more frequent.
      this.#notBeforeMs = performance.now() + this.#options.retentionCheckIntervalMs / 2
      this.#logger.error('retainer error', { error: messageOf(error) })
    }
  }

  /** Asks the replica, unless it failed or refused not long ago. `lost`: the newest snapshot, which was stored, is not there. */
  async #list(signal: AbortSignal): Promise<'listed' | 'lost' | 'unknown'> {
    if (performance.now() < Math.max(this.#notBeforeMs, this.#refusal.notBeforeMs)) return 'unknown'
    try {
      const { newest, taken } = this.#snapshotter
      const holdings = await listHoldings(this.#client, signal)
      this.#refusal.granted('list')
      const listed = newest && holdings.snapshots.find((other) => isSame(other, newest))
      const isLost = newest !== undefined && listed === undefined
      this.#known = isLost ? undefined : holdings
      this.#newestListed = newest
      if (listed !== undefined && taken !== undefined) this.#observe(taken, listed.createdAt)
      return isLost ? 'lost' : 'listed'
    } catch (error) {
      this.#fail('list', error, signal)
      return 'unknown'
    }
  }

  /** Once for each snapshot: later its time might be that of a copy. */
  #observe(taken: TakenSnapshot, listed: Date): void {
    if (this.#observed === taken) return
    this.#observed = taken
    this.#clock.observe({ listed, beganAtMs: taken.beganAtMs, endedAtMs: taken.endedAtMs })
  }

  #plan(generation: string): RetentionPlan {
    const { newest, taken, isStale } = this.#snapshotter
    const { retentionMs } = this.#options
    const { snapshots: listed, remains } = this.#known ?? { snapshots: [], remains: [] }
    // One that was taken since the listing, perhaps in the place of one that was listed.
    const isListed = newest === undefined || newest === this.#newestListed
    const snapshots = isListed ? listed : [...listed.filter((other) => !isSame(other, newest)), newest]
    // Whatever the storage's clock says: else a clock that is behind would make a snapshot old as soon as it is there.
    const isRecent = taken !== undefined && performance.now() < taken.endedAtMs + retentionMs
    const mayRenew = isStale && !isRecent
    return planRetention({ snapshots, remains }, generation, mayRenew, this.#clock.nowMs, retentionMs)
  }
}

function hasWork({ generations, below }: RetentionPlan): boolean {
  return generations.length > 0 || below.length > 0
}

function isSame(a: SnapshotInfo, b: SnapshotInfo): boolean {
  return a.generation === b.generation && a.index === b.index
}

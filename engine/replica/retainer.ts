import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import { applyRetention, listSnapshots } from './retain.ts'
import { planRetention, type RetentionPlan } from './retention.ts'
import type { Snapshotter } from './snapshotter.ts'

/** How soon retention looks again for a snapshot that it waits for. */
const SNAPSHOT_WAIT_MS = 1000

/**
 * Keeps the retention of one replica. It remembers what it listed, so that a check that finds nothing to do asks the
 * storage nothing.
 */
export class Retainer {
  readonly #options: ReplicaOptions
  readonly #client: StorageClient
  readonly #snapshotter: Snapshotter
  readonly #logger: Logger
  #known: SnapshotInfo[] | undefined
  #dueAtMs: number

  constructor(options: ReplicaOptions, client: StorageClient, snapshotter: Snapshotter, logger: Logger) {
    this.#options = options
    this.#client = client
    this.#snapshotter = snapshotter
    this.#logger = logger
    this.#dueAtMs =
      options.retentionMs > 0 ? performance.now() + options.retentionCheckIntervalMs : Number.POSITIVE_INFINITY
  }

  get dueAtMs(): number {
    return this.#dueAtMs
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
    try {
      if (this.#known === undefined && !(await this.#list(signal))) return false
      const plan = this.#plan(generation)
      if (plan.snapshotNeeded) {
        if (this.#snapshotter.task === undefined) await takeSnapshot()
        // The sync loop, which called this, must run on for the snapshot to end; then it is the time to look again.
        this.#dueAtMs = performance.now() + SNAPSHOT_WAIT_MS
      } else if (plan.generations.length > 0 || plan.below.length > 0) {
        // Others may have written since: decide on what is there now.
        if (!(await this.#list(signal))) return false
        await applyRetention(this.#client, this.#plan(generation), this.#logger, signal)
        this.#known = undefined
      }
    } catch (error) {
      this.#known = undefined
      if (!signal.aborted) this.#logger.error('retainer error', { error: messageOf(error) })
    }
    return true
  }

  /** Asks the replica. False when the newest snapshot, which was stored before, is not there. */
  async #list(signal: AbortSignal): Promise<boolean> {
    const { newest } = this.#snapshotter
    this.#known = await listSnapshots(this.#client, signal)
    if (newest === undefined || this.#known.some((known) => isSame(known, newest))) return true
    this.#known = undefined
    return false
  }

  #plan(generation: string): RetentionPlan {
    const { newest, isStale } = this.#snapshotter
    const known = this.#known ?? []
    // One that was taken since the listing.
    const isListed = newest === undefined || known.some((other) => isSame(other, newest))
    const snapshots = isListed ? known : [...known, newest]
    return planRetention(snapshots, generation, isStale, Date.now(), this.#options.retentionMs)
  }
}

function isSame(a: SnapshotInfo, b: SnapshotInfo): boolean {
  return a.generation === b.generation && a.index === b.index
}

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
   */
  async check(generation: string, takeSnapshot: () => Promise<void>, signal: AbortSignal): Promise<void> {
    this.postpone()
    try {
      this.#known ??= await listSnapshots(this.#client, signal)
      const plan = this.#plan(generation)
      if (plan.snapshotNeeded) {
        if (this.#snapshotter.task === undefined) await takeSnapshot()
        // The sync loop, which called this, must run on for the snapshot to end; then it is the time to look again.
        this.#dueAtMs = performance.now() + SNAPSHOT_WAIT_MS
      } else if (plan.generations.length > 0 || plan.below.length > 0) {
        // Others may have written since: decide on what is there now.
        this.#known = await listSnapshots(this.#client, signal)
        await applyRetention(this.#client, this.#plan(generation), this.#logger, signal)
        this.#known = undefined
      }
    } catch (error) {
      this.#known = undefined
      if (!signal.aborted) this.#logger.error('retainer error', { error: messageOf(error) })
    }
  }

  #plan(generation: string): RetentionPlan {
    const { newest, isStale } = this.#snapshotter
    const known = this.#known ?? []
    const isListed = known.some((other) => other.generation === newest?.generation && other.index === newest.index)
    const snapshots = newest === undefined || isListed ? known : [...known, newest]
    return planRetention(snapshots, generation, isStale, Date.now(), this.#options.retentionMs)
  }
}

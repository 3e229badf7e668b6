import { setTimeout } from 'node:timers/promises'
import type { ReplicaFeed, ReplicaSource } from '../database/replica-feed.ts'
import type { Segment } from '../database/segment.ts'
import { messageOf, WherryError } from '../errors.ts'
import { formatPosition, type Position } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import { Backoff } from './backoff.ts'
import { batchObject, Outbox } from './outbox.ts'
import { remoteState } from './remote-end.ts'
import { planResume } from './resume.ts'
import { applyRetention, listSnapshots } from './retain.ts'
import { planRetention } from './retention.ts'
import { storeSnapshot } from './snapshot.ts'
import { Wakeup } from './wakeup.ts'

/** How soon retention looks again for a snapshot that it waits for. */
const SNAPSHOT_WAIT_MS = 1000

/** What can be said of a replica at a moment. */
export interface ReplicaStatus {
  readonly name: string
  readonly type: string
  /** How far it is stored; undefined before the first contact. */
  readonly position: Position | undefined
  /** Everything committed is stored, and there is a snapshot to restore it on. */
  readonly isSynced: boolean
  readonly lastError: string | undefined
}

/**
 * One replica of one database: finds out where it stands, sends segments in order, takes snapshots, and keeps retention.
 * It runs by itself, at its own pace; a failure delays nobody else and is tried again for ever.
 */
export class Replica implements ReplicaFeed {
  readonly #options: ReplicaOptions
  readonly #source: ReplicaSource
  readonly #client: StorageClient
  readonly #logger: Logger
  readonly #outbox = new Outbox()
  readonly #wakeup = new Wakeup()
  readonly #backoff = new Backoff()
  readonly #abort = new AbortController()
  #loop: Promise<void> | undefined
  #stopping = false
  #hasNews = true
  /** The generation whose place on the replica is known. */
  #attached: string | undefined
  /** Uncompressed bytes of the first waiting segment that the replica has already. */
  #skipBytes = 0
  #stored: { index: number; offset: number } = { index: 0, offset: 0 }
  #waiters: (() => void)[] = []
  /** Snapshots on the replica, as far as known; undefined before retention has listed them. */
  #known: SnapshotInfo[] | undefined
  #newestSnapshot: { info: SnapshotInfo; mark: WalMark | undefined } | undefined
  #snapshotTask: Promise<void> | undefined
  #notBeforeMs = 0
  #retryAtMs = 0
  readonly #snapshotBackoff = new Backoff()
  #snapshotNotBeforeMs = 0
  #retentionAtMs: number
  #lastError: string | undefined

  constructor(options: ReplicaOptions, source: ReplicaSource, client: StorageClient, logger: Logger) {
    this.#options = options
    this.#source = source
    this.#client = client
    this.#logger = logger
    this.#retentionAtMs = performance.now() + options.retentionCheckIntervalMs
  }

  get status(): ReplicaStatus {
    const { name, storage } = this.#options
    const position = this.#attached === undefined ? undefined : { generation: this.#attached, ...this.#stored }
    return { name, type: storage.type, position, isSynced: this.#isSynced, lastError: this.#lastError }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  committed(): void {
    this.#hasNews = true
    this.#wakeup.ring()
  }

  segment(segment: Segment): void {
    this.#outbox.push(segment)
    this.#wakeup.ring()
  }

  /** Resolves when everything committed is stored; rejects when `signal` aborts first. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#isSynced && !this.#hasNews, signal)
  }

  /** Stores everything that is committed now, trying until `signal` aborts. Ends the replica's own loop. */
  async flush(signal: AbortSignal): Promise<void> {
    this.#stopping = true
    this.#wakeup.ring()
    const giveUp = (): void => this.#abort.abort(new WherryError('ERR_CANCELLED', 'The final sync ran out of time'))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    try {
      await this.#loop
      this.#snapshotNotBeforeMs = 0
      while (this.#source.position !== undefined && !(this.#isSynced && !this.#hasNews)) {
        if (this.#abort.signal.aborted) throw this.#notDurable()
        await this.#attempt()
        if (this.#isSynced) continue
        if (this.#snapshotTask !== undefined) await this.#snapshotTask
        else await setTimeout(Math.max(0, this.#retryAtMs - performance.now()), undefined, { signal }).catch(() => {})
      }
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async close(): Promise<void> {
    this.#stopping = true
    this.#abort.abort(new WherryError('ERR_CANCELLED', 'The replica was closed'))
    this.#wakeup.ring()
    await this.#loop
    await this.#snapshotTask
    this.#outbox.clear()
    await this.#client.close()
  }

  get #isSynced(): boolean {
    const generation = this.#source.position?.generation
    const hasSnapshot = this.#newestSnapshot?.info.generation === generation
    return generation !== undefined && this.#attached === generation && hasSnapshot && this.#outbox.isEmpty
  }

  get #hasWork(): boolean {
    const generation = this.#source.position?.generation
    if (generation === undefined) return false
    return this.#hasNews || !this.#outbox.isEmpty || this.#attached !== generation || this.#needsSnapshot
  }

  get #needsSnapshot(): boolean {
    if (this.#snapshotTask !== undefined || this.#attached === undefined) return false
    const newest = this.#newestSnapshot
    if (performance.now() < this.#snapshotNotBeforeMs) return false
    if (newest === undefined || newest.info.generation !== this.#attached) return true
    const { snapshotIntervalMs } = this.#options
    return snapshotIntervalMs > 0 && this.#isStale && Date.now() >= newest.info.createdAt.getTime() + snapshotIntervalMs
  }

  /** True when something beyond the newest snapshot is stored. */
  get #isStale(): boolean {
    const mark = this.#newestSnapshot?.mark
    return mark === undefined || this.#stored.index > mark.index || this.#stored.offset > mark.offset
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const now = performance.now()
      if (this.#hasWork && now >= this.#notBeforeMs) await this.#attempt()
      else if (now >= this.#retentionAtMs) await this.#keepRetention()
      else await this.#wakeup.sleep(this.#nextEventMs() - now)
    }
  }

  /** When there is something to do without being rung. */
  #nextEventMs(): number {
    const due = [this.#retentionAtMs]
    if (this.#hasWork) due.push(this.#notBeforeMs)
    if (this.#snapshotNotBeforeMs > performance.now()) due.push(this.#snapshotNotBeforeMs)
    const newest = this.#newestSnapshot
    if (this.#options.snapshotIntervalMs > 0 && newest !== undefined && this.#isStale && !this.#snapshotTask) {
      const inMs = newest.info.createdAt.getTime() + this.#options.snapshotIntervalMs - Date.now()
      due.push(performance.now() + Math.max(0, inMs))
    }
    return Math.min(...due)
  }

  /** One sync. After a failure the next comes only after a while. */
  async #attempt(): Promise<void> {
    this.#notBeforeMs = performance.now() + this.#options.syncIntervalMs
    try {
      await this.#sync()
      if (this.#backoff.failures > 0) this.#logger.info('replica sync recovered', { failures: this.#backoff.failures })
      this.#backoff.reset()
      this.#lastError = undefined
      this.#wakeWaiters()
    } catch (error) {
      const waitMs = this.#backoff.next()
      this.#retryAtMs = performance.now() + waitMs
      this.#notBeforeMs = this.#retryAtMs
      this.#hasNews = true
      this.#lastError = messageOf(error)
      if (!this.#abort.signal.aborted) {
        this.#logger.error('sync error', { error: this.#lastError, 'retry-in': `${Math.round(waitMs)}ms` })
      }
    }
  }

  async #sync(): Promise<void> {
    this.#hasNews = false
    const generation = this.#source.position?.generation
    if (generation === undefined) return
    if (this.#attached !== generation) await this.#attach(generation)
    if (this.#needsSnapshot) await this.#beginSnapshot()
    await this.#source.copy()
    while (this.#attached !== undefined && this.#outbox.segments[0]?.generation === this.#attached) {
      await this.#sendNext()
    }
  }

  async #sendNext(): Promise<void> {
    const batch = this.#outbox.nextBatch()
    const [first] = batch
    const last = batch.at(-1)
    if (first === undefined || last === undefined) return
    const { generation, index } = first
    const position = { generation, index, offset: first.offset + this.#skipBytes }
    const startedAt = performance.now()
    const object = await batchObject(batch, this.#skipBytes)
    await this.#client.writeSegment(position, object, this.#abort.signal)
    this.#skipBytes = 0
    this.#outbox.stored(batch)
    this.#advance(last.end.index, last.end.offset)
    this.#logger.debug('wal segment written', {
      position: formatPosition(position),
      elapsed: `${Math.round(performance.now() - startedAt)}ms`,
      sz: last.end.offset - position.offset,
    })
  }

  #advance(index: number, offset: number): void {
    this.#stored = { index, offset }
    this.#wakeWaiters()
  }

  /** Finds this replica's place in a generation that it did not follow until now. */
  async #attach(generation: string): Promise<void> {
    this.#attached = undefined
    this.#newestSnapshot = undefined
    this.#skipBytes = 0
    const { pageSize } = this.#source
    const isNew = this.#source.isNewGeneration(generation)
    if (pageSize === undefined) return
    const remote = isNew ? undefined : await remoteState(this.#client, generation, pageSize, this.#abort.signal)
    const position = this.#source.position
    if (position?.generation !== generation) return
    const plan = planResume(remote?.end, position, this.#outbox.segments)
    if (plan.kind === 'snapshot') return await this.#beginSnapshot()
    if (plan.kind === 'diverged') return await this.#source.startGeneration(generation, plan.reason)
    const end = remote?.end
    if (plan.kind === 'live') {
      const segments = await this.#source.readBack(generation, plan.offset, end?.checksum)
      if (segments === undefined) return await this.#source.startGeneration(generation, 'replica has another history')
      this.#outbox.rebase(segments)
      if (segments.length === 0) this.#dropStored(plan.offset)
    } else {
      this.#outbox.dropBefore(plan.first)
      this.#skipBytes = plan.skipBytes
    }
    const info = remote?.snapshots.at(-1)
    if (info !== undefined) this.#newestSnapshot = { info, mark: undefined }
    this.#advance(end?.index ?? 0, end?.offset ?? 0)
    this.#attached = generation
  }

  /** Nothing to read back: what waits of the live index before `offset` is stored already. */
  #dropStored(offset: number): void {
    const first = this.#outbox.segments.findIndex(
      (segment) => segment.index === this.#source.position?.index && segment.offset >= offset,
    )
    this.#outbox.dropBefore(first === -1 ? this.#outbox.segments.length : first)
  }

  /** Starts a snapshot in the background; resolves when the WAL that belongs to it is on its way. */
  async #beginSnapshot(): Promise<void> {
    await new Promise<void>((ready, fail) => {
      this.#snapshotTask = this.#snapshot(ready)
        .catch((error: unknown) => {
          this.#lastError = messageOf(error)
          this.#snapshotNotBeforeMs = performance.now() + this.#snapshotBackoff.next()
          fail(error)
          if (!this.#abort.signal.aborted) this.#logger.error('snapshot error', { error: this.#lastError })
        })
        .finally(() => {
          this.#snapshotTask = undefined
          this.#wakeup.ring()
          this.#wakeWaiters()
        })
    })
  }

  async #snapshot(ready: () => void): Promise<void> {
    await this.#source.withSnapshot({ wal: this.#attached === undefined }, async (image, generationEnd) => {
      const { generation, mark } = image
      const startedAt = performance.now()
      if (this.#attached === undefined) {
        this.#outbox.rebase(image.wal)
        this.#advance(mark.index, 0)
        this.#attached = generation
      }
      ready()
      this.#wakeup.ring()
      const signal = AbortSignal.any([generationEnd, this.#abort.signal])
      const info = await storeSnapshot(this.#client, image, () => this.#shipped(mark, signal), signal)
      this.#newestSnapshot = { info, mark }
      this.#known?.push(info)
      this.#snapshotBackoff.reset()
      this.#logger.info('snapshot written', {
        position: formatPosition({ generation, index: mark.index, offset: mark.offset }),
        elapsed: `${Math.round(performance.now() - startedAt)}ms`,
        sz: info.sizeBytes,
      })
    })
  }

  /** Resolves when the WAL is stored up to `mark`. */
  async #shipped(mark: WalMark, signal: AbortSignal): Promise<void> {
    const isShipped = (): boolean =>
      this.#stored.index > mark.index || (this.#stored.index === mark.index && this.#stored.offset >= mark.offset)
    await this.#until(isShipped, signal)
  }

  /** Waits for something that a sync or a snapshot brings about. */
  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(signal.reason)
        signal.addEventListener('abort', stop, { once: true })
        this.#waiters.push(() => {
          signal.removeEventListener('abort', stop)
          resolve()
        })
      })
    }
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  async #keepRetention(): Promise<void> {
    this.#retentionAtMs = performance.now() + this.#options.retentionCheckIntervalMs
    const { retentionMs } = this.#options
    if (retentionMs <= 0 || this.#attached === undefined) return
    const plan = (snapshots: readonly SnapshotInfo[]) =>
      planRetention(snapshots, this.#attached, this.#isStale, Date.now(), retentionMs)
    try {
      this.#known ??= await listSnapshots(this.#client, this.#abort.signal)
      const { snapshotNeeded, generations, below } = plan(this.#known)
      if (snapshotNeeded) {
        if (this.#snapshotTask === undefined) await this.#beginSnapshot()
        // The sync loop must run on for the snapshot to end; retention comes back when it has.
        this.#retentionAtMs = performance.now() + SNAPSHOT_WAIT_MS
        return
      }
      if (generations.length === 0 && below.length === 0) return
      // Others may have written since: decide on what is there now.
      this.#known = await listSnapshots(this.#client, this.#abort.signal)
      await applyRetention(this.#client, plan(this.#known), this.#logger, this.#abort.signal)
      this.#known = undefined
    } catch (error) {
      this.#known = undefined
      if (!this.#abort.signal.aborted) this.#logger.error('retainer error', { error: messageOf(error) })
    }
  }

  #notDurable(): WherryError {
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError}`
    return new WherryError(
      'ERR_NOT_DURABLE',
      `The last commits of ${this.#source.path} are not in replica ${this.#options.name}${why}`,
    )
  }
}

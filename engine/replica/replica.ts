import type { ReplicaFeed, ReplicaSource } from '../database/replica-feed.ts'
import type { Segment } from '../database/segment.ts'
import { hasCode, messageOf, WherryError } from '../errors.ts'
import { formatPosition, type Position } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { StorageClient } from '../storage/client.ts'
import { countCode, Meter } from '../storage/meter.ts'
import { Attachment } from './attachment.ts'
import { Backoff } from './backoff.ts'
import { Lag } from './lag.ts'
import { batchObject, Outbox } from './outbox.ts'
import { Progress } from './progress.ts'
import { Retainer } from './retainer.ts'
import { Snapshotter } from './snapshotter.ts'
import type { ReplicaStatus } from './status.ts'
import { isStored } from './stored-already.ts'
import { Validator } from './validator.ts'
import { Wakeup } from './wakeup.ts'

/** Failures that only a person can mend. */
const REFUSALS = [
  'ERR_STORAGE_DENIED',
  'ERR_STORAGE_NO_BUCKET',
  'ERR_STORAGE_LOCAL',
  'ERR_DATABASE_CONFLICT',
  'ERR_CONFIG',
] as const

/** Least time between two syncs of a flush. */
const FINAL_GAP_MS = 50

/**
 * One replica of one database: finds out where it stands, sends segments in order, has snapshots taken and retention kept,
 * and itself validated. It runs by itself, at its own pace; a failure delays nobody else and is tried again for ever.
 */
export class Replica implements ReplicaFeed {
  readonly #options: ReplicaOptions
  readonly #source: ReplicaSource
  readonly #client: StorageClient
  readonly #logger: Logger
  readonly #meter: Meter
  readonly #outbox = new Outbox()
  readonly #progress = new Progress()
  readonly #lag = new Lag()
  readonly #snapshotter: Snapshotter
  readonly #attachment: Attachment
  readonly #retainer: Retainer
  readonly #validator: Validator
  readonly #wakeup = new Wakeup()
  readonly #backoff = new Backoff()
  readonly #abort = new AbortController()
  #loop: Promise<void> | undefined
  #stopping = false
  /** Something may be committed that is not copied yet. */
  #hasNews = true
  /** What a failed upload tried to store. It is tried again as it was: it may have arrived, or may arrive late. */
  #unsure: readonly Segment[] = []
  #notBeforeMs = 0
  #shippedBytes = 0
  #lastSyncAt: number | undefined
  readonly #failures: Record<string, number> = {}
  #lastError: string | undefined
  #refusal: WherryError | undefined

  /** @param meter what `client` counts with */
  constructor(
    options: ReplicaOptions,
    source: ReplicaSource,
    client: StorageClient,
    logger: Logger,
    meter: Meter = new Meter(),
  ) {
    this.#options = options
    this.#source = source
    this.#client = client
    this.#logger = logger
    this.#meter = meter
    const onSnapshotFailure = (error: unknown): void => this.#noteFailure('snapshotter error', error)
    this.#snapshotter = new Snapshotter({
      source,
      client,
      progress: this.#progress,
      logger,
      abort: this.#abort.signal,
      intervalMs: options.snapshotIntervalMs,
      onFailure: onSnapshotFailure,
      onEnd: () => {
        this.#wakeup.ring()
        this.#progress.wake()
      },
    })
    this.#attachment = new Attachment({
      options,
      source,
      client,
      outbox: this.#outbox,
      progress: this.#progress,
      snapshotter: this.#snapshotter,
      logger,
      abort: this.#abort.signal,
      onSnapshotFailure,
    })
    this.#retainer = new Retainer(options, client, this.#snapshotter, logger)
    const onEnd = (): void => this.#wakeup.ring()
    this.#validator = new Validator({ options, source, client, progress: this.#progress, logger, onEnd })
  }

  get status(): ReplicaStatus {
    const { name, storage } = this.#options
    const { generation } = this.#attachment
    const { newest } = this.#snapshotter
    return {
      name,
      type: storage.type,
      position: generation === undefined ? undefined : { generation, ...this.#progress.stored },
      isSynced: this.#isSynced,
      lagMs: this.#source.position === undefined ? 0 : this.#lag.ms,
      lastError: this.#lastError,
      figures: {
        shippedBytes: this.#shippedBytes,
        lastSyncAt: this.#lastSyncAt,
        lastSnapshot: newest && { at: newest.createdAt.getTime(), sizeBytes: newest.sizeBytes },
        failures: { ...this.#failures },
        validations: this.#validator.figures,
        operations: this.#meter.figures,
      },
    }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  committed(): void {
    this.#hasNews = true
    this.#lag.seen()
    // What waits for a generation that ended would keep the spool full for ever.
    const generation = this.#source.position?.generation
    if (generation !== undefined) this.#outbox.keep(generation)
    this.#wakeup.ring()
  }

  segment(segment: Segment): void {
    this.#lag.copied(segment)
    if (this.#attachment.hasGivenUp) {
      segment.body.release()
      return
    }
    this.#outbox.push(segment)
    this.#wakeup.ring()
  }

  get isFailing(): boolean {
    return this.#backoff.failures > 0
  }

  get backlogBytes(): number {
    return this.#outbox.sizeBytes
  }

  giveUp(): void {
    this.#logger.warn('replica is too far behind, it will begin again with a snapshot', {
      bytes: this.#outbox.sizeBytes,
    })
    this.#attachment.giveUp()
  }

  /**
   * Resolves when `position`, up to which the database is copied, is stored, or when all of a later generation is; rejects
   * when `signal` aborts first, or with the error when the storage refuses (no rights, no bucket, no folder) or holds newer
   * data: that is tried again too, but only a person can mend it.
   */
  async whenStored(position: Position, signal: AbortSignal): Promise<void> {
    const isStored = (): boolean =>
      this.#source.position?.generation === position.generation
        ? this.#hasSnapshot && this.#progress.hasReached(position)
        : this.#isSynced
    await this.#progress.until(() => isStored() || this.#refusal !== undefined, signal)
    if (!isStored()) throw this.#refusal
  }

  /**
   * Stores everything that is committed now, trying until `signal` aborts. Ends the replica's own loop.
   * @throws WherryError ERR_NOT_DURABLE
   */
  async flush(signal: AbortSignal): Promise<void> {
    this.#stopping = true
    void this.#validator.stop()
    this.#wakeup.ring()
    const giveUp = (): void => {
      this.#abort.abort(new WherryError('ERR_CANCELLED', 'The final sync ran out of time'))
      this.#wakeup.ring()
    }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    try {
      await this.#loop
      this.#notBeforeMs = 0
      this.#backoff.reset()
      this.#snapshotter.hurry()
      while (this.#isPending) {
        if (this.#abort.signal.aborted) throw this.#notDurable()
        const waitMs = this.#syncAtMs() - performance.now()
        if (waitMs > 0) await this.#wakeup.sleep(waitMs)
        else await this.#attempt()
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
    await this.#snapshotter.task
    await this.#retainer.task
    await this.#validator.stop()
    this.#outbox.clear()
    await this.#client.close()
  }

  get #isSynced(): boolean {
    return this.#hasSnapshot && this.#outbox.isEmpty
  }

  /** This replica follows the present generation, and has a snapshot of it. */
  get #hasSnapshot(): boolean {
    const generation = this.#source.position?.generation
    const snapshot = this.#snapshotter.newest?.generation
    return generation !== undefined && this.#attachment.generation === generation && snapshot === generation
  }

  get #isPending(): boolean {
    if (this.#source.position === undefined) return this.#isLeftOver
    return !this.#isSynced || this.#hasNews
  }

  /** The database's file went before all that was copied of it is stored. */
  get #isLeftOver(): boolean {
    const waiting = this.#outbox.segments[0]?.generation
    return this.#source.position === undefined && waiting !== undefined && waiting === this.#attachment.generation
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const now = performance.now()
      const syncAtMs = this.#syncAtMs()
      if (now >= this.#validator.dueAtMs) this.#validate()
      if (now >= syncAtMs) await this.#attempt()
      else if (now >= this.#retainer.dueAtMs) await this.#keepRetention()
      else await this.#wakeup.sleep(Math.min(syncAtMs, this.#retainer.dueAtMs, this.#validator.dueAtMs) - now)
    }
  }

  /** When the next sync is due; Infinity while nothing is to be done. */
  #syncAtMs(): number {
    const generation = this.#source.position?.generation
    if (this.#isLeftOver) return this.#notBeforeMs
    if (generation === undefined) return Number.POSITIVE_INFINITY
    if (this.#hasNews || !this.#outbox.isEmpty || this.#attachment.generation !== generation) return this.#notBeforeMs
    return Math.max(this.#notBeforeMs, this.#snapshotter.dueAtMs(generation))
  }

  /** One sync. The next one is due after the sync interval, or later after a failure. */
  async #attempt(): Promise<void> {
    const { syncIntervalMs } = this.#options
    this.#notBeforeMs = performance.now() + (this.#stopping ? Math.min(FINAL_GAP_MS, syncIntervalMs) : syncIntervalMs)
    try {
      await this.#sync()
      if (this.#attachment.generation !== undefined) this.#lastSyncAt = Date.now()
      if (this.#backoff.failures > 0) this.#logger.info('replica sync recovered', { failures: this.#backoff.failures })
      this.#backoff.reset()
      this.#lastError = undefined
      this.#refusal = undefined
      this.#progress.wake()
    } catch (error) {
      const waitMs = this.#backoff.next()
      this.#notBeforeMs = performance.now() + waitMs
      this.#hasNews = true
      this.#noteFailure('monitor error', error, waitMs)
    }
  }

  #noteFailure(message: string, error: unknown, waitMs?: number): void {
    if (this.#abort.signal.aborted) return
    this.#lastError = messageOf(error)
    countCode(this.#failures, error)
    if (hasCode(error, ...REFUSALS)) this.#refusal = error
    const retryIn = waitMs === undefined ? {} : { 'retry-in': `${Math.round(waitMs)}ms` }
    this.#logger.error(message, { error: this.#lastError, ...retryIn })
    this.#progress.wake()
  }

  async #sync(): Promise<void> {
    const generation = this.#source.position?.generation
    const attachment = this.#attachment
    if (generation === undefined) return await this.#send()
    const isNew = attachment.generation !== generation
    if (isNew) await attachment.attach(generation, this.#unsureEnd(generation))
    if (attachment.generation === generation && performance.now() >= this.#snapshotter.dueAtMs(generation)) {
      // Its failure is told, and tried again, by itself: segments go on.
      await this.#snapshotter
        .begin({ wal: false }, () => {})
        .catch((error: unknown) => this.#noteFailure('snapshotter error', error))
    }
    // What was copied for others meanwhile goes first, as it is: a second piece would have to be joined to it.
    if (isNew || this.#outbox.isEmpty) {
      this.#hasNews = false
      const since = performance.now()
      if (await this.#source.copy()) this.#lag.copiedAll(since)
      else this.#hasNews = true
    }
    await this.#send()
    if (this.#hasSnapshot) this.#lag.stored(this.#outbox.segments[0])
  }

  /** What comes in meanwhile is the next sync's, so that uploads keep their distance and snapshots get their turn. */
  async #send(): Promise<void> {
    const due = new Set(this.#outbox.segments)
    for (;;) {
      const [first] = this.#outbox.segments
      if (first === undefined || !due.has(first) || first.generation !== this.#attachment.generation) break
      await this.#sendNext()
    }
  }

  async #sendNext(): Promise<void> {
    const isSame = this.#unsure[0] !== undefined && this.#unsure[0] === this.#outbox.segments[0]
    const batch = isSame ? this.#unsure : this.#outbox.nextBatch()
    const [first] = batch
    const last = batch.at(-1)
    if (first === undefined || last === undefined) return
    const { generation, index, offset } = first
    const position = { generation, index, offset }
    const startedAt = performance.now()
    this.#unsure = batch
    this.#logger.debug('write wal segment', { position: formatPosition(position) })
    await this.#write(position, await batchObject(batch))
    this.#unsure = []
    this.#outbox.stored(batch)
    this.#progress.advance(last.end.index, last.end.offset)
    this.#shippedBytes += last.end.offset - position.offset
    if (this.#hasSnapshot) this.#lag.stored(this.#outbox.segments[0])
    this.#logger.debug('wal segment written', {
      position: formatPosition(position),
      elapsed: `${Math.round(performance.now() - startedAt)}ms`,
      sz: last.end.offset - position.offset,
    })
  }

  /**
   * Where nothing may be replaced, an upload whose answer was lost is refused for ever when it is tried again: it is a success
   * when the object is there.
   */
  async #write(position: Position, object: Uint8Array): Promise<void> {
    const { signal } = this.#abort
    try {
      await this.#client.writeSegment(position, object, signal)
    } catch (error) {
      if (hasCode(error, 'ERR_STORAGE_DENIED') && (await isStored(this.#client, position, object, signal))) return
      if (hasCode(error, 'ERR_STORAGE_DENIED', 'ERR_STORAGE_LOCAL')) this.#snapshotter.segmentRefused(error)
      throw error
    }
  }

  /** How far an upload reaches that may arrive late. */
  #unsureEnd(generation: string): Position | undefined {
    const last = this.#unsure.at(-1)
    return last?.generation === generation ? { generation, ...last.end } : undefined
  }

  async #keepRetention(): Promise<void> {
    const { generation } = this.#attachment
    const takeSnapshot = (): Promise<void> => this.#snapshotter.begin({ wal: false }, () => {})
    if (generation === undefined) return this.#retainer.postpone()
    const isWhole = await this.#retainer.check(generation, takeSnapshot, this.#abort.signal)
    if (isWhole) return
    this.#logger.error('the newest snapshot is gone from the replica, beginning again', { generation })
    this.#attachment.lose()
  }

  #validate(): void {
    this.#validator.begin(this.#hasSnapshot ? this.#attachment.generation : undefined)
  }

  #notDurable(): WherryError {
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError}`
    return new WherryError(
      'ERR_NOT_DURABLE',
      `The last commits of ${this.#source.path} are not in replica ${this.#options.name}${why}`,
    )
  }
}

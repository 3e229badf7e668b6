import type { ReplicaSource, SnapshotImage } from '../database/replica-feed.ts'
import { WherryError } from '../errors.ts'
import { formatPosition } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { Logger } from '../log.ts'
import { progressLines } from '../progress.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import { Backoff } from './backoff.ts'
import type { Progress } from './progress.ts'
import { storeSnapshot } from './snapshot.ts'

export interface SnapshotterParts {
  readonly source: ReplicaSource
  readonly client: StorageClient
  readonly progress: Progress
  readonly logger: Logger
  readonly abort: AbortSignal
  /** 0: no snapshots by time. */
  readonly intervalMs: number
  readonly onFailure: (error: unknown) => void
  /** A snapshot ended, well or not. */
  readonly onEnd: () => void
}

/** A snapshot of this process; the times are those of its upload, on the monotonic clock. */
export interface TakenSnapshot {
  readonly info: SnapshotInfo
  readonly beganAtMs: number
  readonly endedAtMs: number
}

/** Takes the snapshots of one replica, one at a time, in the background of its sync loop. */
export class Snapshotter {
  readonly #parts: SnapshotterParts
  readonly #backoff = new Backoff()
  #newest: SnapshotInfo | undefined
  /** How far the database was copied when the newest snapshot was taken; undefined for one of an earlier process. */
  #newestMark: WalMark | undefined
  #taken: TakenSnapshot | undefined
  #task: Promise<void> | undefined
  #notBeforeMs = 0
  #refusal: WherryError | undefined

  constructor(parts: SnapshotterParts) {
    this.#parts = parts
  }

  /** The newest snapshot of the present generation that is known. */
  get newest(): SnapshotInfo | undefined {
    return this.#newest
  }

  /** How the newest snapshot was taken; undefined for one of an earlier process. */
  get taken(): TakenSnapshot | undefined {
    const [taken, newest] = [this.#taken, this.#newest]
    const isNewest = taken?.info.generation === newest?.generation && taken?.info.index === newest?.index
    return isNewest ? taken : undefined
  }

  /** Before this, on the monotonic clock, nobody should try again what failed. */
  get notBeforeMs(): number {
    return this.#notBeforeMs
  }

  /** Settles when the snapshot that is under way has ended; undefined when there is none. Never rejects. */
  get task(): Promise<void> | undefined {
    return this.#task
  }

  /** True when the replica holds more than its newest snapshot. */
  get isStale(): boolean {
    return this.#newestMark === undefined || this.#parts.progress.hasPassed(this.#newestMark)
  }

  /** What a replica's own list says; undefined for a generation without a snapshot. */
  adopt(newest: SnapshotInfo | undefined): void {
    this.#newest = newest
    this.#newestMark = undefined
  }

  /** The next try does not wait for the back-off, which begins anew. */
  hurry(): void {
    this.#notBeforeMs = 0
    this.#backoff.reset()
  }

  /**
   * The storage will not take a segment. A snapshot that waits for segments is given up: its part of the storage may be the
   * room that they lack.
   */
  segmentRefused(error: WherryError): void {
    this.#refusal = error
    this.#parts.progress.wake()
  }

  /** When the next snapshot is due, on the monotonic clock; Infinity while none is. */
  dueAtMs(generation: string): number {
    if (this.#task !== undefined) return Number.POSITIVE_INFINITY
    if (this.#newest?.generation !== generation) return this.#notBeforeMs
    if (this.#parts.intervalMs <= 0 || !this.isStale) return Number.POSITIVE_INFINITY
    // The storage's clock may be another.
    const newestAtMs = this.taken?.endedAtMs ?? performance.now() - (Date.now() - this.#newest.createdAt.getTime())
    return Math.max(this.#notBeforeMs, newestAtMs + this.#parts.intervalMs)
  }

  /**
   * Takes a snapshot.
   * @param options.wal whether the image comes with the WAL of its index
   * @param onImage is told of the image as soon as it stands still
   * @throws when there can be no image now, and the storage's errors
   */
  async take(options: { readonly wal: boolean }, onImage: (image: SnapshotImage) => void): Promise<void> {
    await this.#task
    const run = this.#store(options, onImage)
    const task = run.then(
      () => this.#backoff.reset(),
      () => {
        this.#notBeforeMs = performance.now() + this.#backoff.next()
      },
    )
    this.#task = task
    try {
      await run
    } finally {
      await task
      this.#task = undefined
      this.#parts.onEnd()
    }
  }

  /** Takes a snapshot in the background. Resolves when its image stands still; what fails later is told to `onFailure`. */
  async begin(options: { readonly wal: boolean }, onImage: (image: SnapshotImage) => void): Promise<void> {
    await new Promise<void>((ready, fail) => {
      let isReady = false
      const onReady = (image: SnapshotImage): void => {
        isReady = true
        onImage(image)
        ready()
      }
      this.take(options, onReady).catch((error: unknown) => {
        if (isReady) this.#parts.onFailure(error)
        else fail(error)
      })
    })
  }

  async #store(options: { readonly wal: boolean }, onImage: (image: SnapshotImage) => void): Promise<void> {
    const { source, client, logger, abort } = this.#parts
    await source.withSnapshot(options, async (image, generationEnd) => {
      const { generation, copied, needs } = image
      const startedAt = performance.now()
      const position = formatPosition({ generation, index: copied.index, offset: 0 })
      logger.info('write snapshot', { position })
      onImage(image)
      const signal = AbortSignal.any([generationEnd, abort])
      const shipped = (): Promise<void> => this.#shipped(needs, signal)
      const info = await storeSnapshot(client, image, shipped, signal, progressLines(logger))
      const endedAtMs = performance.now()
      this.#newest = info
      this.#newestMark = copied
      this.#taken = { info, beganAtMs: startedAt, endedAtMs }
      logger.info('snapshot written', {
        position,
        elapsed: `${Math.round(endedAtMs - startedAt)}ms`,
        sz: info.sizeBytes,
      })
    })
  }

  /** Resolves when the replica has the WAL up to `needs`. */
  async #shipped(needs: WalMark, signal: AbortSignal): Promise<void> {
    const { progress } = this.#parts
    this.#refusal = undefined
    await progress.until(() => this.#refusal !== undefined || progress.hasReached(needs), signal)
    if (this.#refusal === undefined || progress.hasReached(needs)) return
    const { code, message } = this.#refusal
    const text = `The snapshot is given up for now, as the WAL that it needs is refused: ${message}`
    throw new WherryError(code, text, { cause: this.#refusal })
  }
}

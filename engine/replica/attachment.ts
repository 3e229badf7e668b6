import type { ReplicaSource, SnapshotImage } from '../database/replica-feed.ts'
import type { Segment } from '../database/segment.ts'
import { hasCode } from '../errors.ts'
import type { Position } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { StorageClient } from '../storage/client.ts'
import type { Outbox } from './outbox.ts'
import type { Progress } from './progress.ts'
import { type KnownSegment, type RemoteState, remoteState } from './remote-end.ts'
import { planResume, type RemoteEnd } from './resume.ts'
import type { Snapshotter } from './snapshotter.ts'
import { tellIfOlder } from './tell-if-older.ts'

export interface AttachmentParts {
  readonly options: ReplicaOptions
  readonly source: ReplicaSource
  readonly client: StorageClient
  readonly outbox: Outbox
  readonly progress: Progress
  readonly snapshotter: Snapshotter
  readonly logger: Logger
  readonly abort: AbortSignal
  /** A snapshot failed that went on beside the segments. */
  readonly onSnapshotFailure: (error: unknown) => void
}

/** Which generation of the database a replica follows, and how it finds its place in one that it did not follow until now. */
export class Attachment {
  readonly #parts: AttachmentParts
  #generation: string | undefined
  /** The database may write here. After that nobody else is expected to: what is found here is our own. */
  #isAdmitted = false
  /** The generation that this replica began itself, and so has to ask the storage about when it comes back to it. */
  #begun: string | undefined
  #hasGivenUp = false

  constructor(parts: AttachmentParts) {
    this.#parts = parts
  }

  /** The generation whose place on the replica is known. */
  get generation(): string | undefined {
    return this.#generation
  }

  /** Waiting segments were given up: more of them would be of no use before the next attach. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp
  }

  /** The place is not known any more: the storage has to be asked. */
  lose(): void {
    this.#generation = undefined
  }

  /** What waits is thrown away, so that the place is lost too. */
  giveUp(): void {
    this.#hasGivenUp = true
    this.lose()
    this.#parts.outbox.clear()
  }

  /**
   * Finds the replica's place in `generation`, the present one; or begins another generation, which is then to be attached to.
   * @param unsureEnd the end of an upload to it that failed, and may still arrive
   * @throws the storage's errors; ERR_DATABASE_CONFLICT; what a snapshot throws
   */
  async attach(generation: string, unsureEnd?: Position): Promise<void> {
    const { options, source, outbox, progress, snapshotter } = this.#parts
    this.lose()
    this.#hasGivenUp = false
    snapshotter.adopt(undefined)
    outbox.keep(generation)
    const known = this.#isAdmitted ? undefined : await this.#admit()
    this.#isAdmitted = true
    const remote = await this.#remoteState(generation, known)
    if (remote === 'damaged' || remote?.hasRemains) {
      return await source.startGeneration(generation, 'replica is damaged')
    }
    const position = source.position
    if (position?.generation !== generation) return
    if (unsureEnd?.index === position.index && !hasReached(remote?.end, unsureEnd)) {
      // The WAL of this index would be sent again, cut otherwise, and the late one lie across it.
      return await source.startGeneration(generation, 'an upload may arrive late')
    }
    const plan = planResume(remote?.end, position, outbox.segments)
    const end = remote?.end
    if (plan.kind === 'diverged') {
      // Somebody else has written since.
      await this.#admit()
      return await source.startGeneration(generation, plan.reason)
    }
    const { lineage } = source
    if (plan.kind === 'snapshot' || end === undefined) {
      lineage.surpass(options)
      return await this.#startOver(generation)
    }
    if (lineage.isPassedOver(options)) {
      return await source.startGeneration(generation, 'preferred to what the replica holds')
    }
    if (plan.kind === 'waiting') {
      outbox.dropBefore(plan.first)
    } else if (!(await this.#resumeLive(generation, plan.offset, end.checksum))) {
      return await source.startGeneration(generation, 'replica has another history')
    }
    // What came in since the backlog was given up is missing: the next sync asks again.
    if (this.#hasGivenUp) return
    snapshotter.adopt(remote?.snapshots.at(-1))
    progress.advance(end.index, end.offset)
    this.#generation = generation
  }

  async #admit(): Promise<KnownSegment | undefined> {
    const { source, options, client, abort } = this.#parts
    return await source.lineage.admit(options, client, abort)
  }

  /** What the replica holds of a generation; undefined for one that began here and has not been sent yet. */
  async #remoteState(generation: string, known?: KnownSegment): Promise<RemoteState | 'damaged' | undefined> {
    const { source, client, logger, abort } = this.#parts
    if (source.isNewGeneration(generation) && this.#begun !== generation) return undefined
    const { pageSize = 0 } = source
    try {
      return await remoteState(client, generation, pageSize, abort, known)
    } catch (error) {
      if (!hasCode(error, 'ERR_REPLICA_DAMAGED')) throw error
      logger.error('replica is damaged', { error: error.message })
      return 'damaged'
    }
  }

  /**
   * Begins on this replica with a snapshot and the WAL of its index. The snapshot goes first where it can be restored by
   * itself: Litestream looks for one in the newest generation, and finds none where only WAL has arrived.
   */
  async #startOver(generation: string): Promise<void> {
    const { options, client, outbox, progress, snapshotter, logger, abort, onSnapshotFailure } = this.#parts
    this.#begun = generation
    let isUnderWay = false
    await new Promise<void>((proceed, fail) => {
      const onImage = ({ generation, copied, needs, wal }: SnapshotImage): void => {
        outbox.rebase(wal, copied)
        progress.advance(copied.index, 0)
        if (needs.offset === 0) return
        this.#generation = generation
        isUnderWay = true
        proceed()
      }
      const onStored = (): void => {
        proceed()
        void tellIfOlder(client, options.name, generation, logger, abort)
      }
      snapshotter.take({ wal: true }, onImage).then(onStored, (error: unknown) => {
        if (isUnderWay) onSnapshotFailure(error)
        else fail(error)
      })
    })
    this.#generation = this.#hasGivenUp ? undefined : (snapshotter.newest?.generation ?? this.#generation)
  }

  /** Goes on in the live WAL. False when that WAL is not the one that the replica has. */
  async #resumeLive(
    generation: string,
    offset: number,
    checksum: Segment['end']['checksum'] | undefined,
  ): Promise<boolean> {
    const { source, outbox } = this.#parts
    const wal = await source.readBack(generation, offset, checksum)
    const end = wal?.end
    if (wal === undefined || end === undefined) return false
    outbox.rebase(wal.segments, end)
    return true
  }
}

function hasReached(end: RemoteEnd | undefined, { index, offset }: Position): boolean {
  return end !== undefined && (end.index > index || (end.index === index && end.offset >= offset))
}

import { hasCode, WherryError } from '../errors.ts'
import type { Position } from '../format/names.ts'
import { WAL_HEADER_SIZE, walSize } from '../format/wal.ts'
import type { WalMark } from '../format/wal-mark.ts'
import { DatabaseLineage } from '../lineage/database-lineage.ts'
import type { Logger } from '../log.ts'
import type { DatabaseOptions } from '../options.ts'
import { CommitWatch } from '../sqlite/commit-watch.ts'
import { Connections } from '../sqlite/connections.ts'
import { Work } from '../work.ts'
import { AppearanceWatch } from './appearance-watch.ts'
import { beginGeneration, underLock } from './begin-generation.ts'
import { PATIENCE_MS } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { hasContent, isSameFile } from './database-file.ts'
import { EngineLock } from './engine-lock.ts'
import { BrokenHistory, History, type HistoryParts } from './history.ts'
import { imageOf } from './image.ts'
import { Mutex } from './mutex.ts'
import type { ReadBack, ReplicaFeed, ReplicaSource, SnapshotImage } from './replica-feed.ts'
import { resumeHistory } from './resume-history.ts'
import type { Segment } from './segment.ts'
import { Spool } from './spool.ts'
import { SpoolPressure } from './spool-pressure.ts'
import { StateFile } from './state-file.ts'
import { type DatabaseFigures, sizeOf } from './status.ts'
import { Trouble } from './trouble.ts'

/** What exists while the database file is open. */
interface Open {
  readonly connections: Connections
  readonly parts: HistoryParts
  readonly watch: CommitWatch
  history: History
  /** Aborts what reads the file for the present generation. */
  generationEnd: AbortController
  /** Why `history` must not be continued any more: a new generation is needed and did not succeed yet. */
  brokenBy: string | undefined
}

/**
 * One live database: waits for its file, copies what is committed into segments for its replicas, checkpoints, and
 * begins a new generation when history breaks. One section at a time works on it; snapshots read the file meanwhile and
 * hold checkpoints off.
 */
export class Database implements ReplicaSource {
  readonly #options: DatabaseOptions
  readonly #logger: Logger
  readonly #feeds: ReplicaFeed[] = []
  readonly #mutex = new Mutex()
  readonly #spool: Spool
  readonly #pressure: SpoolPressure
  readonly #stateFile: StateFile
  readonly #lock: EngineLock
  readonly #checkpointer: Checkpointer
  readonly #syncs = new Work()
  readonly #trouble: Trouble
  readonly lineage: DatabaseLineage
  readonly #snapshots = new Set<Promise<unknown>>()
  #open: Open | undefined
  #poll: NodeJS.Timeout | undefined
  #appearance: AppearanceWatch | undefined
  #begun: string | undefined
  /** Where copying stood when the file was closed last. */
  #ended: Position | undefined
  #copiedVersion: number | undefined
  #uncopied = false
  #copiedBytes = 0
  #closing = false
  #ticking = false

  constructor(options: DatabaseOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
    this.#spool = new Spool(options.metaPath, options.spoolLimitBytes)
    this.#pressure = new SpoolPressure(this.#spool, logger)
    this.#stateFile = new StateFile(options.metaPath)
    this.#lock = new EngineLock(options.metaPath)
    this.#checkpointer = new Checkpointer(options, logger)
    this.#trouble = new Trouble(logger)
    this.lineage = new DatabaseLineage(options, logger)
  }

  get path(): string {
    return this.#options.path
  }

  get position(): Position | undefined {
    return this.#open?.history.position
  }

  get pageSize(): number | undefined {
    return this.#open?.connections.pageSize
  }

  /** Looks at the files, and never opens them. */
  get figures(): DatabaseFigures {
    return {
      sizeBytes: sizeOf(this.path),
      walSizeBytes: sizeOf(`${this.path}-wal`),
      copiedBytes: this.#copiedBytes,
      spoolBytes: this.#spool.sizeBytes,
      spoolLimitBytes: this.#options.spoolLimitBytes,
      syncs: this.#syncs.figures,
      checkpoints: this.#checkpointer.work.figures,
    }
  }

  addFeed(feed: ReplicaFeed): void {
    this.#feeds.push(feed)
  }

  isNewGeneration(generation: string): boolean {
    return this.#begun === generation
  }

  /**
   * Opens the database if its file is there, otherwise waits for it in the background.
   * @throws WherryError ERR_DATABASE_INVALID or ERR_DATABASE_ACCESS; a database that is busy is tried again later
   */
  async start(): Promise<void> {
    this.#poll = setInterval(() => void this.#tick(), this.#options.monitorIntervalMs)
    await this.#mutex
      .run(async () => {
        this.#forgetIfGone()
        await this.#tryOpen()
      })
      .catch((error: unknown) => {
        if (!hasCode(error, 'ERR_DATABASE_BUSY')) throw error
        this.#trouble.met(error)
      })
    this.#awaitAppearance()
  }

  async copy(): Promise<boolean> {
    return await this.#mutex.run(() => this.#copy())
  }

  /** The last copy before the end; opens a database that appeared only just now. */
  async finalCopy(): Promise<void> {
    this.#closing = true
    await this.#mutex.run(async () => {
      await this.#tryOpen()
      await this.#copy()
    })
  }

  async readBack(
    generation: string,
    offset: number,
    checksum: WalMark['checksum'] | undefined,
  ): Promise<ReadBack | undefined> {
    return await this.#mutex.run(async () => {
      const open = this.#open
      const history = open?.history
      if (history?.generation !== generation || open?.brokenBy !== undefined) return undefined
      const segments = history.readBack(offset, checksum)
      return segments === undefined ? undefined : { segments, end: history.mark }
    })
  }

  async withSnapshot<T>(
    options: { readonly wal: boolean },
    use: (image: SnapshotImage, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { task } = await this.#mutex.run(async () => {
      await this.#copy()
      // A file that stands still is enough where its WAL comes along; a checkpoint may be kept from completing.
      const isWhole = options.wal ? this.#checkpointer.isComplete : this.#isFileCurrent
      if (this.#snapshots.size === 0 && !isWhole) await this.#checkpoint(PATIENCE_MS)
      // The file may hold frames that are not copied yet: nobody could restore it before they are stored.
      if (!(await this.#copy())) throw new WherryError('ERR_DATABASE_BUSY', 'A snapshot waits for room in the spool')
      const open = this.#open
      const wal = options.wal ? open?.history.readBack(0, undefined) : []
      if (open === undefined || wal === undefined) {
        throw new WherryError('ERR_DATABASE_BUSY', `${this.path} is not open or changed its WAL just now`)
      }
      const task = use(
        imageOf(open.connections, open.history, wal, this.#checkpointer.isComplete),
        open.generationEnd.signal,
      )
      this.#snapshots.add(task)
      return { task }
    })
    try {
      return await task
    } finally {
      this.#snapshots.delete(task)
    }
  }

  async startGeneration(generation: string, reason: string): Promise<void> {
    await this.#mutex.run(async () => {
      if (this.#open?.history.generation === generation) await this.#newGeneration(this.#open, reason)
    })
  }

  /** Ends with a database that went while the engine ran, if it is gone; see DatabaseLineage.leave. */
  async leave(): Promise<readonly Position[]> {
    return await this.#mutex.run(async () => (hasContent(this.path) ? [] : this.lineage.leave(this.#ended)))
  }

  /** Closes the connections; the WAL stays, so that the next start continues the generation. */
  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#poll)
    await this.#appearance?.close()
    await this.#mutex.run(() => this.#shut())
    this.#stateFile.close()
    this.#spool.close()
    this.#lock.release()
  }

  /** The fallback for changes that the file system does not announce, and the clock of checkpoints. */
  async #tick(): Promise<void> {
    if (this.#ticking) return
    this.#ticking = true
    try {
      await this.#mutex.run(async () => {
        if (this.#closing) return
        await this.#reopenIfReplaced()
        await this.#tryOpen()
        this.#open?.watch.poll()
        if (this.#uncopied) await this.#copy()
        if (this.#isCheckpointDue()) await this.#checkpoint()
      })
      this.#trouble.over()
      this.#trouble.positionSaved(this.#stateFile.failure)
    } catch (error) {
      this.#trouble.met(error)
    } finally {
      this.#ticking = false
    }
  }

  /** What is left of a database that is gone says nothing about one that is made in its place. */
  #forgetIfGone(): void {
    if (hasContent(this.path) || !this.lineage.hasLeftOvers) return
    this.#lock.take(this.path)
    if (!hasContent(this.path)) this.lineage.forget()
  }

  async #tryOpen(): Promise<void> {
    if (this.#open === undefined && hasContent(this.path)) await this.#syncs.run(() => this.#openFile())
  }

  async #openFile(): Promise<void> {
    this.#lock.take(this.path)
    this.#spool.clean()
    this.lineage.opening()
    const connections = new Connections(this.path, this.#options.maxCheckpointPageCount)
    try {
      const parts: HistoryParts = {
        connections,
        spool: this.#spool,
        stateFile: this.#stateFile,
        emit: (segment) => this.#emit(segment),
      }
      const resumed = await underLock(connections, () => {
        connections.beginRead()
        return resumeHistory(parts, this.#stateFile.load())
      })
      const history = resumed instanceof History ? resumed : await this.#begin(parts, resumed)
      const watch = new CommitWatch(
        connections.walPath,
        () => this.#isUncopied(),
        () => this.#onCommit(),
      )
      this.#open = { connections, parts, watch, history, generationEnd: new AbortController(), brokenBy: undefined }
      void this.#appearance?.close()
      this.#onCommit()
    } catch (error) {
      connections.close()
      throw error
    }
  }

  /** SQLite makes the file before its first page; to touch it then would take its page size out of the app's hands. */
  #awaitAppearance(): void {
    if (this.#open !== undefined) return
    this.#appearance = new AppearanceWatch(this.path, () => void this.#tick())
  }

  async #begin(parts: HistoryParts, reason: string): Promise<History> {
    this.lineage.beginning(this.#open?.history.position ?? this.#ended)
    const { history, isComplete } = await beginGeneration(parts)
    if (!isSameFile(this.path, parts.connections)) {
      throw new WherryError('ERR_DATABASE_BUSY', `${this.path} was replaced just now`)
    }
    if (this.#stateFile.failure !== undefined) this.lineage.claimWhole(history.generation)
    this.#checkpointer.begun(isComplete)
    this.#begun = history.generation
    this.#logger.info('sync: new generation', { generation: history.generation, reason })
    return history
  }

  async #newGeneration(open: Open, reason: string): Promise<void> {
    // Beginning lets go of what guards the old history; if it fails half-way there is no going back to that.
    open.brokenBy = reason
    open.generationEnd.abort(new WherryError('ERR_CANCELLED', `The generation ended: ${reason}`))
    open.generationEnd = new AbortController()
    open.history = await this.#begin(open.parts, reason)
    open.brokenBy = undefined
    this.#onCommit()
  }

  /** False when the spool is full before everything is copied. */
  async #copy(): Promise<boolean> {
    await this.#reopenIfReplaced()
    const open = this.#open
    return open === undefined || (await this.#syncs.run(() => this.#copyFrom(open)))
  }

  async #copyFrom(open: Open): Promise<boolean> {
    if (open.brokenBy !== undefined) await this.#newGeneration(open, open.brokenBy)
    const version = open.connections.dataVersion()
    try {
      if (!(await open.history.copy())) {
        this.#pressure.onFull(this.#feeds)
        return false
      }
    } catch (error) {
      if (!(error instanceof BrokenHistory)) throw error
      await this.#newGeneration(open, error.message)
      return await this.#copyFrom(open)
    }
    this.#pressure.ended()
    this.#copiedVersion = version
    this.#uncopied = false
    if (!this.#closing) open.watch.arm()
    return true
  }

  async #checkpoint(patienceMs = 0): Promise<void> {
    await this.#reopenIfReplaced()
    const open = this.#open
    if (open === undefined || open.brokenBy !== undefined) return
    try {
      await this.#checkpointer.run(open.connections, open.history, patienceMs)
    } catch (error) {
      if (!(error instanceof BrokenHistory)) throw error
      await this.#newGeneration(open, error.message)
    }
    this.#checkpointer.ended(open.history)
  }

  #isCheckpointDue(): boolean {
    const open = this.#open
    return open !== undefined && this.#snapshots.size === 0 && this.#checkpointer.isDue(open.history)
  }

  /** True when the file is all there is, but for the row that restarts the WAL: a checkpoint would change nothing. */
  get #isFileCurrent(): boolean {
    const offset = this.#open?.history.position.offset ?? 0
    return this.#checkpointer.isComplete && offset <= walSize(1, this.#open?.history.pageSize ?? 0)
  }

  #isUncopied(): boolean {
    const version = this.#open?.connections.dataVersion()
    return version === undefined || version !== this.#copiedVersion
  }

  #onCommit(): void {
    this.#uncopied = true
    for (const feed of this.#feeds) feed.committed()
  }

  #emit(segment: Segment): void {
    this.#copiedBytes += segment.size - (segment.offset === 0 ? WAL_HEADER_SIZE : 0)
    segment.body.retain()
    for (const feed of this.#feeds) {
      segment.body.retain()
      feed.segment(segment)
    }
    segment.body.release()
  }

  async #reopenIfReplaced(): Promise<void> {
    const open = this.#open
    if (open === undefined || isSameFile(this.path, open.connections)) return
    this.#logger.warn('database file was replaced or removed')
    // Its last commits are in the WAL, if that is still there; another one's does not continue the history.
    if (open.brokenBy === undefined) await open.history.copy().catch(() => {})
    await this.#shut()
    await this.#tryOpen()
  }

  async #shut(): Promise<void> {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    this.#ended = open.history.position
    open.watch.close()
    open.generationEnd.abort(new WherryError('ERR_CANCELLED', 'The database was closed'))
    await Promise.allSettled(this.#snapshots)
    open.connections.close()
  }
}

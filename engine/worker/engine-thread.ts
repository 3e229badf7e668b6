import { setTimeout } from 'node:timers/promises'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import type { CheckRequest, ReplicaReport } from '../check/report.ts'
import type { DatabaseStatus } from '../engine.ts'
import { WherryError } from '../errors.ts'
import type { Examination } from '../lineage/examine.ts'
import type { LocalDatabase } from '../lineage/inspect.ts'
import type { LogSink } from '../log.ts'
import type { DatabaseOptions } from '../options.ts'
import type { OnProgress } from '../progress.ts'
import '../restore/process-name.ts'
import type { RestoreRequest, RestoreResult } from '../restore/restore.ts'
import type { RestoreSource } from '../restore/restore-from.ts'
import { type Calls, fromPlainError, type Message, type Method, type Request } from './protocol.ts'

/** Beside this module: as source in a checkout, as JavaScript in a bundle. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.cjs', import.meta.url)

/**
 * Buffers are freed with the small objects that hold them. A small young generation, collected often, keeps the peak of a
 * snapshot to S3 20 MB lower.
 */
const YOUNG_GENERATION_MB = 6

/** How long a thread that was asked nothing may take to be loaded and to end. */
const UNUSED_END_MS = 2000

interface Waiting {
  readonly onProgress: OnProgress | undefined
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * The engine in a worker thread: SQLite, compression and uploads never delay the thread that answers signals.
 * Every call rejects with ERR_ENGINE_DIED when the thread has died.
 */
export class EngineThread {
  readonly #worker: Worker
  #sink: LogSink
  #isUsed = false
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #death: WherryError | undefined

  /** Settles when the thread ends: undefined after `close`, an ERR_ENGINE_DIED when nobody asked for it. */
  readonly ended: Promise<WherryError | undefined>

  /**
   * The thread has this process's environment, also what is added to it later.
   * @param sink gets the engine's lines
   */
  constructor(sink: LogSink) {
    this.#sink = sink
    // A thread without streams of its own makes Node open process.stdout and process.stderr, which sets O_NONBLOCK on what
    // the app may have inherited: its writes would fail.
    this.#worker = new Worker(THREAD, {
      env: SHARE_ENV,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      stdout: true,
      stderr: true,
    })
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#sink('warn', text.trimEnd(), {}))
    }
    this.#worker.on('message', (message: Message) => {
      if ('log' in message) this.#sink(message.log.level, message.log.message, message.log.fields)
      else if ('progress' in message) this.#waiting.get(message.id)?.onProgress?.(message.progress)
      else this.#settle(message)
    })
    this.ended = new Promise((resolve) => {
      let reason = ''
      this.#worker.on('error', (error) => {
        reason = `: ${error.message}`
      })
      this.#worker.on('exit', () => {
        this.#death ??= new WherryError('ERR_ENGINE_DIED', `The engine's thread ended${reason}`)
        for (const { reject } of this.#waiting.values()) reject(this.#death)
        this.#waiting.clear()
        resolve(this.#death === CLOSED ? undefined : this.#death)
      })
    })
  }

  /** Something was asked of it. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /** Has another one get the engine's lines from now on. */
  logTo(sink: LogSink): void {
    this.#sink = sink
  }

  /** See Engine.start. */
  async start(databases: readonly DatabaseOptions[], signal?: AbortSignal): Promise<void> {
    await this.#call('start', databases, signal)
  }

  /** See Engine.stop. */
  async stop(path: string, signal?: AbortSignal): Promise<void> {
    await this.#call('stop', path, signal)
  }

  /** What is at a path; see inspectDatabase. */
  async inspect(path: string, signal?: AbortSignal): Promise<LocalDatabase> {
    return await this.#call('inspect', path, signal)
  }

  /** See Engine.whenSynced. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await this.#call('whenSynced', undefined, signal)
  }

  async status(): Promise<DatabaseStatus[]> {
    return await this.#call('status', undefined)
  }

  /** See Engine.examine. */
  async examine(database: DatabaseOptions, signal?: AbortSignal): Promise<Examination> {
    return await this.#call('examine', database, signal)
  }

  /** See Engine.acceptLocal. */
  async acceptLocal(database: DatabaseOptions, signal?: AbortSignal): Promise<void> {
    await this.#call('acceptLocal', database, signal)
  }

  /**
   * Restores one database from the best of `sources`; see restoreFrom.
   * @param onProgress without it there are log lines, when it takes long
   */
  async restore(
    sources: readonly RestoreSource[],
    request: RestoreRequest,
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<RestoreResult> {
    const wantsProgress = onProgress !== undefined
    return await this.#call('restore', { sources, request, wantsProgress }, signal, onProgress)
  }

  /** Checks what a replica holds; see checkReplica. */
  async check(
    source: RestoreSource,
    request: CheckRequest,
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<ReplicaReport> {
    return await this.#call('check', { source, request, wantsProgress: onProgress !== undefined }, signal, onProgress)
  }

  /**
   * Stores what is committed, trying until `signal` aborts, and ends the thread whatever happens. See Engine.close. Safe to
   * call twice.
   */
  async close(signal?: AbortSignal): Promise<void> {
    if (this.#death === CLOSED) return
    try {
      await this.#call('close', undefined, signal)
    } finally {
      await this.end()
    }
  }

  /** Ends the thread as it is, without a last sync. Safe to call twice, and after `close`. */
  async end(): Promise<void> {
    this.#death ??= CLOSED
    if (!this.#isUsed) {
      // Now and then V8 aborts the process when a thread's start is interrupted (Node 24): this one ends by itself.
      this.#post({ end: true })
      await Promise.race([this.ended, setTimeout(UNUSED_END_MS, undefined, { ref: false })])
    }
    await this.#worker.terminate()
  }

  async #call<M extends Method>(
    method: M,
    params: Calls[M]['params'],
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<Calls[M]['result']> {
    if (this.#death !== undefined) throw this.#death
    this.#isUsed = true
    const id = this.#nextId++
    const cancel = (): void => this.#post({ id, cancel: true })
    try {
      return await new Promise<Calls[M]['result']>((resolve, reject) => {
        this.#waiting.set(id, { onProgress, resolve: (result) => resolve(result as Calls[M]['result']), reject })
        this.#post({ id, method, params })
        if (signal?.aborted) cancel()
        signal?.addEventListener('abort', cancel)
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  #post(request: Request): void {
    this.#worker.postMessage(request)
  }

  #settle(message: Exclude<Message, { log: unknown } | { progress: unknown }>): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('error' in message) waiting?.reject(fromPlainError(message.error))
    else waiting?.resolve(message.result)
  }
}

const CLOSED = new WherryError('ERR_ENGINE_DIED', "The engine's thread was closed")

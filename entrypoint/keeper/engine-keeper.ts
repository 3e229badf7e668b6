import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DatabaseOptions,
  type DatabaseStatus,
  type EngineThread,
  hasCode,
  Logger,
  type LogSink,
  messageOf,
  WherryError,
} from '../../engine/index.ts'
import { formatDuration } from '../config/duration.ts'
import type { SupervisorOptions } from '../config/supervisor-options.ts'
import { type KeeperTiming, keeperTiming } from './keeper-timing.ts'
import { restartDelay } from './restart-policy.ts'
import { orAborted } from './waiting.ts'
import { WatchedThread } from './watched-thread.ts'

export interface KeeperOptions {
  readonly sink: LogSink
  readonly policy: SupervisorOptions['onEngineFailure']
  /** Makes the thread that takes the place of one that failed. */
  readonly make: () => EngineThread
  /** @default keeperTiming */
  readonly timing?: KeeperTiming
}

/** How the engine is. */
export interface EngineCondition {
  /** False from a failure to the restart after it. */
  readonly alive: boolean
  /** How long it has not answered; 0 while that is no longer than a busy engine may take, and when it has failed. */
  readonly unresponsiveMs: number
  readonly restarts: number
  /** Why it failed the last time. */
  readonly lastFailure: string | undefined
}

export interface KnownStatus {
  /** Empty before the engine has started. */
  readonly databases: readonly DatabaseStatus[]
  /** How old that is; undefined before the first answer. */
  readonly ageMs: number | undefined
}

/**
 * Keeps an engine alive from `start` to `close`: a thread that died or does not answer is ended and replaced, and the
 * databases are started again as they were; the engine resumes by itself where it stood.
 */
export class EngineKeeper {
  readonly #options: KeeperOptions
  readonly #timing: KeeperTiming
  readonly #logger: Logger
  readonly #closing = new AbortController()
  readonly #lost = Promise.withResolvers<WherryError>()
  #watched: WatchedThread
  #state: 'up' | 'down' | 'lost' = 'up'
  #databases: readonly DatabaseOptions[] = []
  readonly #added = new Map<string, DatabaseOptions>()
  #keeping: Promise<void> | undefined
  /** Resolves when the state is `up` or `lost` again. */
  #mended = Promise.withResolvers<void>()
  #restarts = 0
  #lastFailure: WherryError | undefined
  #status: readonly DatabaseStatus[] = []
  #statusAt: number | undefined

  /** Resolves with an ERR_ENGINE_DIED when the engine failed and is restarted no more. */
  readonly lost: Promise<WherryError> = this.#lost.promise

  /** @param first it starts while the configuration is read, so it is made before */
  constructor(first: EngineThread, options: KeeperOptions) {
    this.#options = options
    this.#timing = options.timing ?? keeperTiming
    this.#logger = new Logger(options.sink)
    this.#watched = this.#watch(first)
  }

  /** For what comes before `start`: afterwards it may be another one at any time. */
  get thread(): EngineThread {
    return this.#watched.thread
  }

  get condition(): EngineCondition {
    return {
      alive: this.#state === 'up',
      unresponsiveMs: this.#state === 'up' ? this.#watched.silentMs : 0,
      restarts: this.#restarts,
      lastFailure: this.#lastFailure?.message,
    }
  }

  /** What the engine said last. */
  status(): KnownStatus {
    const ageMs = this.#statusAt === undefined ? undefined : Math.round(performance.now() - this.#statusAt)
    return { databases: this.#status, ageMs }
  }

  /** The same, after asking once more, for which there is so much time. */
  async latestStatus(waitMs: number): Promise<KnownStatus> {
    if (this.#state === 'up') await this.#watched.ask(waitMs)
    return this.status()
  }

  /**
   * Starts the engine, and keeps it alive from then on. To be called once. This first start is not repeated.
   * @throws what EngineThread.start throws; ERR_ENGINE_DIED also when the thread does not answer
   */
  async start(databases: readonly DatabaseOptions[], signal: AbortSignal): Promise<void> {
    this.#databases = databases
    await this.#watched.start(databases, this.#onStatus, signal)
    this.#keeping = this.#keep()
  }

  /** What was added and not removed again, by path. */
  get added(): ReadonlyMap<string, DatabaseOptions> {
    return this.#added
  }

  /**
   * Replicates one more database, once the engine has started. An engine that takes the place of one that failed begins
   * with it too, and leaves it out, with a warning, if it cannot.
   * @throws what EngineThread.start throws, but that it died: then it is not added; ERR_CANCELLED when `signal` aborts
   */
  async add(database: DatabaseOptions, signal: AbortSignal): Promise<void> {
    this.#added.set(database.path, database)
    try {
      await orAborted(this.thread.start([database]), signal)
    } catch (error) {
      if (hasCode(error, 'ERR_ENGINE_DIED')) return
      this.#added.delete(database.path)
      throw error
    }
  }

  /**
   * Ends with a database that was added, whose file is gone; see Engine.stop.
   * @throws what EngineThread.stop throws, but that it died; ERR_CANCELLED when `signal` aborts and it does not end
   */
  async remove(path: string, signal: AbortSignal): Promise<void> {
    this.#added.delete(path)
    try {
      await orAborted(this.thread.stop(path, signal), signal, this.#timing.closeMs)
    } catch (error) {
      if (!hasCode(error, 'ERR_ENGINE_DIED')) throw error
    }
  }

  /**
   * Resolves when everything that was committed before the call is stored, if need be by an engine that was restarted.
   * @throws what EngineThread.whenSynced throws; ERR_CANCELLED when `signal` aborts; ERR_ENGINE_DIED when it is lost
   */
  async whenSynced(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await orAborted(this.thread.whenSynced(signal), signal)
      } catch (error) {
        if (!hasCode(error, 'ERR_ENGINE_DIED') || this.#keeping === undefined || this.#closing.signal.aborted)
          throw error
        await orAborted(this.#mended.promise, signal)
        if (this.#state === 'lost') throw error
      }
    }
  }

  /**
   * Stores what is committed, trying until `signal` aborts, and ends the engine whatever happens. If it has failed, a new
   * one makes a last attempt. It takes no more than a moment after the abort, even if the thread is stuck.
   * @throws WherryError ERR_NOT_DURABLE, ERR_ENGINE_DIED, and what EngineThread.start throws
   */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort()
    try {
      await orAborted(this.#finish(signal), signal, this.#timing.closeMs)
    } catch (error) {
      if (!hasCode(error, 'ERR_CANCELLED')) throw error
      throw new WherryError('ERR_NOT_DURABLE', 'The engine does not end: the last commits may not be stored')
    } finally {
      await this.end()
    }
  }

  /** Ends the thread as it is, or leaves it alone if it does not end. Safe to call twice, and after `close`. */
  async end(): Promise<void> {
    this.#closing.abort()
    await this.#watched.end(this.#timing.closeMs)
  }

  async #keep(): Promise<void> {
    const closing = this.#closing.signal
    const closed = once(closing, 'abort').then(() => undefined)
    let failures = 0
    let restartedAt = Number.NEGATIVE_INFINITY
    while (!closing.aborted) {
      const failure = await Promise.race([this.#watched.failure, closed])
      if (failure === undefined) return
      failures = performance.now() - restartedAt < this.#timing.forgetMs ? failures + 1 : 1
      this.#logger.error('engine failed', { error: failure.message })
      const waitMs = restartDelay(this.#options.policy, failures, this.#timing)
      if (waitMs === undefined) return this.#lose(failure)
      if (!(await this.#watched.end(this.#timing.endMs))) {
        const error = new WherryError('ERR_ENGINE_DIED', `${failure.message}, and does not end`)
        if (this.#options.policy === 'stop') return this.#lose(error)
        this.#failed(error)
        this.#logger.error('engine is stuck in the system, waiting for it to end')
        await Promise.race([this.thread.end(), closed])
      }
      if (closing.aborted) return
      this.#logger.warn('restarting engine', { in: formatDuration(waitMs) })
      await sleep(waitMs, undefined, { signal: closing }).catch(() => {})
      if (closing.aborted) return
      // A start that fails is the thread's failure.
      await this.#restart(closing).catch(() => {})
      restartedAt = performance.now()
    }
  }

  async #restart(signal: AbortSignal): Promise<void> {
    this.#restarts++
    this.#watched = this.#watch(this.#options.make())
    await this.#watched.start(this.#databases, this.#onStatus, signal)
    for (const database of [...this.#added.values()]) {
      if (this.#added.get(database.path) === database) await this.#addAgain(database, signal)
    }
    this.#state = 'up'
    this.#mended.resolve()
    this.#logger.info('engine restarted', { restarts: this.#restarts })
  }

  async #addAgain(database: DatabaseOptions, signal: AbortSignal): Promise<void> {
    await this.add(database, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      this.#logger.error('database is not replicated any more', { db: database.path, error: messageOf(error) })
    })
  }

  async #finish(signal: AbortSignal): Promise<void> {
    await this.#keeping
    if (this.#keeping !== undefined && this.#state !== 'up') {
      // An app that could not be replicated for a moment may have committed just then.
      if (signal.aborted || !(await this.#watched.end(this.#timing.closeMs))) throw this.#lastFailure
      await this.#restart(signal)
    }
    await this.thread.close(signal)
  }

  #watch(thread: EngineThread): WatchedThread {
    const watched = new WatchedThread(thread, this.#timing, this.#logger)
    void watched.failure.then((failure) => this.#failed(failure))
    return watched
  }

  #failed(failure: WherryError): void {
    this.#lastFailure = failure
    if (this.#state === 'up') this.#mended = Promise.withResolvers()
    this.#state = 'down'
  }

  #lose(failure: WherryError): void {
    this.#state = 'lost'
    this.#mended.resolve()
    this.#lost.resolve(failure)
  }

  readonly #onStatus = (databases: readonly DatabaseStatus[]): void => {
    this.#status = databases
    this.#statusAt = performance.now()
  }
}

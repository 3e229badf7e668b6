import {
  type DatabaseOptions,
  type DatabaseStatus,
  type EngineThread,
  type Logger,
  messageOf,
  WherryError,
} from '../../engine/index.ts'
import { formatDuration } from '../config/duration.ts'
import { Heartbeat } from './heartbeat.ts'
import type { KeeperTiming } from './keeper-timing.ts'
import { settlesWithin } from './waiting.ts'

/** One engine thread, and how it fails: by ending unasked, by not starting, or by not answering. */
export class WatchedThread {
  readonly thread: EngineThread
  readonly #timing: KeeperTiming
  readonly #logger: Logger
  readonly #failed = Promise.withResolvers<WherryError>()
  #heartbeat: Heartbeat | undefined

  /** Resolves with the first failure; never when there is none. The thread may still be there after it. */
  readonly failure: Promise<WherryError> = this.#failed.promise

  constructor(thread: EngineThread, timing: KeeperTiming, logger: Logger) {
    this.thread = thread
    this.#timing = timing
    this.#logger = logger
    void thread.ended.then((death) => {
      if (death !== undefined) this.#failed.resolve(death)
    })
  }

  /**
   * Starts the engine, and watches the thread from here on.
   * @param onStatus gets each answer
   * @throws what EngineThread.start throws, or the failure
   */
  async start(
    databases: readonly DatabaseOptions[],
    onStatus: (databases: readonly DatabaseStatus[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#heartbeat = new Heartbeat(this.thread, this.#timing, {
      onAnswer: onStatus,
      onSlow: (silentMs) => this.#logger.error('engine does not answer', { for: seconds(silentMs) }),
      onRecovered: (silentMs) => this.#logger.info('engine answers again', { after: seconds(silentMs) }),
      onFailed: (silentMs) => this.#failed.resolve(died(`has not answered for ${seconds(silentMs)}`)),
    })
    const failed = this.failure.then((failure) => Promise.reject(failure))
    try {
      await Promise.race([this.thread.start(databases, signal), failed])
    } catch (error) {
      this.#failed.resolve(died(`could not start: ${messageOf(error)}`))
      throw error
    }
  }

  /** How long it has not answered; 0 while that is no longer than a busy thread may take. */
  get silentMs(): number {
    return Math.round(this.#heartbeat?.silentMs ?? 0)
  }

  /** Asks for its status, and waits for the answer for a while. */
  async ask(waitMs: number): Promise<void> {
    if (this.#heartbeat !== undefined) await settlesWithin(this.#heartbeat.ask(), waitMs)
  }

  /**
   * Ends the thread as it is. JavaScript is interrupted; a call into the system that does not return cannot be.
   * @returns false when it has not ended in time: it holds its locks, and its place cannot be taken
   */
  async end(waitMs: number): Promise<boolean> {
    this.#heartbeat?.stop()
    return await settlesWithin(this.thread.end(), waitMs)
  }
}

function died(what: string): WherryError {
  return new WherryError('ERR_ENGINE_DIED', `The engine's thread ${what}`)
}

function seconds(ms: number): string {
  return formatDuration(Math.round(ms / 100) * 100)
}

import type { DatabaseStatus, EngineThread } from '../../engine/index.ts'
import type { KeeperTiming } from './keeper-timing.ts'

export type Pulse = 'answers' | 'slow' | 'failed'

/** What it means that a thread has not answered for so long. */
export function pulse(silentMs: number, { slowMs, failedMs }: Pick<KeeperTiming, 'slowMs' | 'failedMs'>): Pulse {
  if (silentMs >= failedMs) return 'failed'
  return silentMs >= slowMs ? 'slow' : 'answers'
}

/**
 * The silence after another look. A gap between two looks counts for little more than it should have been: a container
 * that was paused, or a thread that had no turn itself, must not take that for the other's silence.
 */
export function silenceAfter(silentMs: number, gapMs: number, lookMs: number): number {
  return silentMs + Math.min(gapMs, 2 * lookMs)
}

export interface HeartbeatListener {
  onAnswer(databases: readonly DatabaseStatus[]): void
  onSlow(silentMs: number): void
  onRecovered(silentMs: number): void
  /** The last call; the heartbeat has stopped. */
  onFailed(silentMs: number): void
}

/** Asks a thread for its status from time to time, until `stop`. */
export class Heartbeat {
  readonly #thread: Pick<EngineThread, 'status'>
  readonly #timing: KeeperTiming
  readonly #listener: HeartbeatListener
  #timer: NodeJS.Timeout | undefined
  #question: Promise<void> | undefined
  #lookedAt = 0
  #silentMs = 0
  #hasStopped = false

  constructor(thread: Pick<EngineThread, 'status'>, timing: KeeperTiming, listener: HeartbeatListener) {
    this.#thread = thread
    this.#timing = timing
    this.#listener = listener
    void this.ask()
  }

  /** How long the thread has owed an answer; 0 while that is shorter than a busy thread may take. */
  get silentMs(): number {
    return pulse(this.#silentMs, this.#timing) === 'answers' ? 0 : this.#silentMs
  }

  /** Resolves with the next answer: one question at a time, whoever asks. Never resolves when none comes. */
  ask(): Promise<void> {
    if (this.#question !== undefined || this.#hasStopped) return this.#question ?? Promise.resolve()
    this.#lookedAt = performance.now()
    this.#next(() => this.#look(), this.#timing.lookMs)
    this.#question = this.#thread.status().then(
      (databases) => this.#answered(databases),
      // The thread has ended, which is told elsewhere.
      () => this.stop(),
    )
    return this.#question
  }

  stop(): void {
    this.#hasStopped = true
    clearTimeout(this.#timer)
  }

  #answered(databases: readonly DatabaseStatus[]): void {
    if (this.#hasStopped) return
    const { silentMs } = this
    this.#question = undefined
    this.#silentMs = 0
    this.#next(() => void this.ask(), this.#timing.beatMs)
    if (silentMs > 0) this.#listener.onRecovered(silentMs)
    this.#listener.onAnswer(databases)
  }

  /** Looks how long the answer has been missing. */
  #look(): void {
    const now = performance.now()
    const before = pulse(this.#silentMs, this.#timing)
    this.#silentMs = silenceAfter(this.#silentMs, now - this.#lookedAt, this.#timing.lookMs)
    this.#lookedAt = now
    const after = pulse(this.#silentMs, this.#timing)
    if (before === 'answers' && after !== 'answers') this.#listener.onSlow(this.#silentMs)
    if (after === 'failed') {
      this.stop()
      this.#listener.onFailed(this.#silentMs)
    } else this.#next(() => this.#look(), this.#timing.lookMs)
  }

  #next(step: () => void, ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(step, ms).unref()
  }
}

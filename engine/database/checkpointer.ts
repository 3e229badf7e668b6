import type { Logger } from '../log.ts'
import type { DatabaseOptions } from '../options.ts'
import type { Connections } from '../sqlite/connections.ts'
import { Work } from '../work.ts'
import { checkpoint } from './checkpoint.ts'
import { isCheckpointDue } from './checkpoint-policy.ts'
import type { History } from './history.ts'

/** How long a checkpoint waits for other writers before it is put off. */
const LOCK_MS = 1000

/** When one database is checkpointed, and what came of it. */
export class Checkpointer {
  readonly #options: Pick<DatabaseOptions, 'minCheckpointPageCount' | 'checkpointIntervalMs'>
  readonly #logger: Logger
  #atMs = performance.now()
  #walBytes = 0
  #isComplete = false
  readonly work = new Work()

  constructor(options: Pick<DatabaseOptions, 'minCheckpointPageCount' | 'checkpointIntervalMs'>, logger: Logger) {
    this.#options = options
    this.#logger = logger
  }

  /** The last checkpoint back-filled everything, so that nobody can change the file until the next. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** A generation has begun, by what is a checkpoint too. */
  begun(isComplete: boolean): void {
    this.#isComplete = isComplete
  }

  isDue({ position, pageSize }: Pick<History, 'position' | 'pageSize'>): boolean {
    return isCheckpointDue({
      nowMs: performance.now(),
      walBytes: position.offset,
      pageSize,
      minPages: this.#options.minCheckpointPageCount,
      intervalMs: this.#options.checkpointIntervalMs,
      lastAtMs: this.#atMs,
      lastWalBytes: this.#walBytes,
      lastCompleted: this.#isComplete,
    })
  }

  /**
   * @param patienceMs how long to wait for a checkpoint of another process
   * @throws BrokenHistory as checkpoint does
   */
  async run(connections: Connections, history: History, patienceMs: number): Promise<void> {
    this.#isComplete = false
    this.#isComplete = await this.work.run(() => checkpoint(connections, history, LOCK_MS, patienceMs))
  }

  /** The checkpoint has ended, with a new generation if it had to be. */
  ended({ position }: Pick<History, 'position'>): void {
    this.#atMs = performance.now()
    this.#walBytes = position.offset
    this.#logger.debug('checkpoint', { completed: this.#isComplete, wal: this.#walBytes })
  }
}

import { copyPathsFor } from '../check/copy-paths.ts'
import type { Validation } from '../check/validate.ts'
import type { ReplicaSource } from '../database/replica-feed.ts'
import { hasCode, messageOf, WherryError } from '../errors.ts'
import { formatPosition } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import { removeLeftOvers } from '../restore/workspace.ts'
import type { StorageClient } from '../storage/client.ts'
import type { Progress } from './progress.ts'
import type { ValidationFigures } from './status.ts'

/** How soon it looks again while another replica is being validated, or this one does not follow its database. */
const WAIT_MS = 1000

/** How soon the next try comes when one said nothing; the interval, if that is shorter. */
const RETRY_MS = 600_000

/** One at a time in this thread: each needs room for a copy of its database. */
let isAnyRunning = false

export interface ValidatorParts {
  readonly options: Pick<ReplicaOptions, 'name' | 'validationIntervalMs' | 'syncIntervalMs'>
  readonly source: Pick<ReplicaSource, 'path' | 'withSnapshot'>
  readonly client: StorageClient
  readonly progress: Progress
  readonly logger: Logger
  /** One is over: {@link Validator.dueAtMs} has changed. */
  readonly onEnd: () => void
}

/** Validates one replica every so often, in the background of its sync loop; see validate. */
export class Validator {
  readonly #parts: ValidatorParts
  readonly #abort = new AbortController()
  #dueAtMs: number
  #task: Promise<void> | undefined
  #figures: ValidationFigures = { ok: 0, mismatches: 0, lastOkAt: undefined }

  constructor(parts: ValidatorParts) {
    this.#parts = parts
    const { validationIntervalMs } = parts.options
    this.#dueAtMs = validationIntervalMs > 0 ? performance.now() + validationIntervalMs : Number.POSITIVE_INFINITY
    if (validationIntervalMs > 0) this.#clean()
  }

  get figures(): ValidationFigures {
    return this.#figures
  }

  /** When the next one is due, on the monotonic clock; Infinity while one runs. */
  get dueAtMs(): number {
    return this.#task === undefined ? this.#dueAtMs : Number.POSITIVE_INFINITY
  }

  /**
   * Begins a validation, unless another replica's is under way. What comes of it is logged and counted.
   * @param generation the present one; undefined while the replica has no snapshot of it
   */
  begin(generation: string | undefined): void {
    this.#next(WAIT_MS)
    if (isAnyRunning || generation === undefined || this.#abort.signal.aborted) return
    isAnyRunning = true
    this.#task = this.#validate(generation).finally(() => {
      isAnyRunning = false
      this.#task = undefined
      this.#parts.onEnd()
    })
  }

  /** Ends the one that is under way, for good. Safe to call twice. */
  async stop(): Promise<void> {
    this.#abort.abort(new WherryError('ERR_CANCELLED', 'The validation was ended'))
    await this.#task
  }

  /** Never rejects. */
  async #validate(generation: string): Promise<void> {
    const { options, source, client, progress, logger } = this.#parts
    const { name, syncIntervalMs, validationIntervalMs } = options
    const startedAt = performance.now()
    const { signal } = this.#abort
    const copyPaths = copyPathsFor(source.path)
    try {
      const { validate } = await import('../check/validate.ts')
      const sources = { source, client, name, progress, syncIntervalMs, copyPaths, logger, signal }
      this.#tell(await validate(generation, sources), performance.now() - startedAt)
      this.#next(validationIntervalMs)
    } catch (error) {
      this.#next(RETRY_MS)
      if (!signal.aborted) this.#fail(error)
    }
  }

  #tell({ position, problem }: Validation, elapsedMs: number): void {
    const { logger } = this.#parts
    const { ok, mismatches } = this.#figures
    const at = { position: formatPosition(position), elapsed: `${Math.round(elapsedMs)}ms` }
    if (problem === undefined) {
      this.#figures = { ok: ok + 1, mismatches, lastOkAt: Date.now() }
      logger.info('validator', { status: 'ok', ...at })
    } else {
      this.#figures = { ...this.#figures, mismatches: mismatches + 1 }
      logger.error('validator', { status: 'mismatch', ...at, error: problem })
    }
  }

  /** Copies that a process left which was killed take up room. */
  #clean(): void {
    try {
      for (const path of copyPathsFor(this.#parts.source.path)) removeLeftOvers(path)
    } catch (error) {
      this.#parts.logger.debug('left-overs of validations cannot be removed', { error: messageOf(error) })
    }
  }

  /** Nothing is known of the replica. */
  #fail(error: unknown): void {
    const { logger } = this.#parts
    if (hasCode(error, 'ERR_CANCELLED', 'ERR_DATABASE_BUSY')) {
      logger.debug('validation was put off', { error: error.message })
    } else if (hasCode(error, 'ERR_OUTPUT_ACCESS')) {
      logger.warn('no room to validate the replica', { error: error.message })
    } else {
      logger.error('validation error', { error: messageOf(error) })
    }
  }

  #next(inMs: number): void {
    this.#dueAtMs = performance.now() + Math.min(inMs, this.#parts.options.validationIntervalMs)
  }
}

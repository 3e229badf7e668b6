import { hasCode, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Tells what is wrong with a database: the same trouble once, however often it is met. */
export class Trouble {
  readonly #logger: Logger
  #last = ''
  #unsaved: string | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  met(error: unknown): void {
    const message = messageOf(error)
    if (message === this.#last) return
    this.#last = message
    if (hasCode(error, 'ERR_DATABASE_BUSY')) this.#logger.warn('database is busy, trying again', { error: message })
    else this.#logger.error('sync error', { error: message })
  }

  over(): void {
    this.#last = ''
  }

  /** @param failure why the position could not be saved the last time; undefined when it was saved */
  positionSaved(failure: string | undefined): void {
    if (failure !== undefined && failure !== this.#unsaved) {
      this.#logger.warn('position cannot be saved, the next start may need a new generation', { error: failure })
    }
    this.#unsaved = failure
  }
}

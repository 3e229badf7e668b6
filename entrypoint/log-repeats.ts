import type { LogFields, LogLevel } from '../engine/log.ts'

/** A line, before it has a time and a form. */
export interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** Within so long after an error was told it is told no more than once again. */
const WINDOW_MS = 60_000

/** What the engine says when a replica's sync fails, and when it succeeds again. */
const FAILURE = 'monitor error'
const RECOVERY = 'replica sync recovered'

/** An error that was told, and what came of it since. */
interface Told {
  /** Which replica's sync failed; undefined for any other error. */
  readonly failing: string | undefined
  timer: NodeJS.Timeout | undefined
  withheld: number
  last: Entry | undefined
  /** It has recovered since `last`. */
  recovery: Entry | undefined
}

/**
 * Keeps an error that comes again and again from flooding the log. Only lines about a database, at level warn or error
 * and with an `error`, are withheld, and only those that repeat message, database, replica and error of one that was told:
 * the first one, and every other one, is told at once. When a minute is over, what was withheld is told as one line, the last one, with
 * `repeated`, the number of lines that it stands for.
 *
 * A recovery is told at once if the error before it was; otherwise it waits for that error's line, so that what is
 * told last is how things are.
 */
export class LogRepeats {
  readonly #write: (entry: Entry) => void
  readonly #told = new Map<string, Told>()
  /** Replicas that fail, as far as was told. */
  readonly #failing = new Set<string>()

  constructor(write: (entry: Entry) => void) {
    this.#write = write
  }

  pass(entry: Entry): void {
    if (entry.message === RECOVERY) this.#recovered(entry)
    else if (isError(entry)) this.#failed(entry)
    else this.#write(entry)
  }

  /** Tells what is withheld, now. */
  flush(): void {
    for (const [key, told] of [...this.#told]) this.#summarize(key, told)
  }

  #failed(entry: Entry): void {
    const { level, message, fields } = entry
    const key = JSON.stringify([level, message, fields.db, fields.replica, fields.error])
    const told = this.#told.get(key)
    if (told === undefined) {
      const failing = message === FAILURE ? replicaOf(entry) : undefined
      this.#tell(entry, key, { failing, timer: undefined, withheld: 0, last: undefined, recovery: undefined })
    } else {
      told.withheld++
      told.last = entry
      told.recovery = undefined
    }
  }

  #recovered(entry: Entry): void {
    const replica = replicaOf(entry)
    const withheld = [...this.#told.values()].filter(({ failing, last }) => failing === replica && last !== undefined)
    const isNews = this.#failing.delete(replica)
    // Then it says itself how many failures there were.
    for (const told of withheld) {
      if (isNews) forget(told)
      else told.recovery = entry
    }
    if (isNews) this.#write(entry)
  }

  /** Writes an error, and opens the window in which it is not written again. */
  #tell(entry: Entry, key: string, told: Told): void {
    this.#write(entry)
    if (told.failing !== undefined) this.#failing.add(told.failing)
    this.#told.set(key, told)
    told.timer = setTimeout(() => this.#summarize(key, told), WINDOW_MS).unref()
  }

  #summarize(key: string, told: Told): void {
    clearTimeout(told.timer)
    this.#told.delete(key)
    const { failing, last, withheld, recovery } = told
    if (last === undefined) return
    forget(told)
    this.#tell({ ...last, fields: { ...last.fields, repeated: withheld } }, key, told)
    if (recovery === undefined || failing === undefined) return
    this.#failing.delete(failing)
    this.#write(recovery)
  }
}

function replicaOf({ fields }: Entry): string {
  return JSON.stringify([fields.db, fields.replica])
}

function isError({ level, fields }: Entry): boolean {
  return (level === 'warn' || level === 'error') && fields.db !== undefined && fields.error !== undefined
}

function forget(told: Told): void {
  told.withheld = 0
  told.last = undefined
  told.recovery = undefined
}

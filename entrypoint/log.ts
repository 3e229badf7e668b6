import type { LogLevel, LogSink } from '../engine/log.ts'
import type { LoggingOptions } from './config/config.ts'
import type { TextOutput } from './context.ts'
import { formatLine, type LogFormat } from './log-format.ts'
import { type Entry, LogRepeats } from './log-repeats.ts'

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

const LOST = 'log lines were lost, their reader is too slow'

/**
 * Where log lines go. It starts as Litestream does before a configuration is loaded: the plain form on stderr, from level
 * info; {@link configure} switches to what the configuration says.
 */
export class LogOutput {
  readonly #stdout: TextOutput
  readonly #stderr: TextOutput
  readonly #now: () => Date
  #target: TextOutput
  #format: LogFormat = 'plain'
  #level: LogLevel = 'info'
  #lost = 0
  readonly #repeats = new LogRepeats((entry) => this.#tell(entry))

  constructor(stdout: TextOutput, stderr: TextOutput, now: () => Date = () => new Date()) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#now = now
    this.#target = stderr
  }

  configure({ level, type, stderr }: LoggingOptions): void {
    this.#level = level
    this.#format = type
    this.#target = stderr ? this.#stderr : this.#stdout
  }

  /** For a Logger; it may be handed on before `configure` is called. */
  readonly sink: LogSink = (level, message, fields) => {
    if (ranks[level] >= ranks[this.#level]) this.#repeats.pass({ level, message, fields })
  }

  /** Writes what was withheld because it repeats what was written. */
  tellRepeats(): void {
    this.#repeats.flush()
  }

  /** Logs how many lines were lost to a reader that is too slow, if any were and it reads again. */
  admitLoss(): void {
    if (this.#lost > 0 && this.#write({ level: 'warn', message: LOST, fields: { lines: this.#lost } })) this.#lost = 0
  }

  #tell(entry: Entry): void {
    this.admitLoss()
    if (!this.#write(entry)) this.#lost++
  }

  #write(entry: Entry): boolean {
    return this.#target.write(formatLine(this.#format, { time: this.#now(), ...entry })) !== false
  }
}

import type { LogFields, LogLevel, LogSink } from '../engine/log.ts'
import type { LoggingOptions } from './config/config.ts'
import type { TextOutput } from './context.ts'
import { formatLine, type LogFormat } from './log-format.ts'

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
    if (ranks[level] < ranks[this.#level]) return
    this.admitLoss()
    if (!this.#write(level, message, fields)) this.#lost++
  }

  /** Logs how many lines were lost to a reader that is too slow, if any were and it reads again. */
  admitLoss(): void {
    if (this.#lost > 0 && this.#write('warn', LOST, { lines: this.#lost })) this.#lost = 0
  }

  #write(level: LogLevel, message: string, fields: LogFields): boolean {
    return this.#target.write(formatLine(this.#format, { time: this.#now(), level, message, fields })) !== false
  }
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Attributes of a line, in the order in which they are printed. Durations are text with a unit, never bare numbers. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Where the engine sends its lines. It never prints by itself. */
export type LogSink = (level: LogLevel, message: string, fields: LogFields) => void

/** A sink with attributes that every line carries (`db`, `replica`). */
export class Logger {
  readonly #sink: LogSink
  readonly #fields: LogFields

  constructor(sink: LogSink, fields: LogFields = {}) {
    this.#sink = sink
    this.#fields = fields
  }

  with(fields: LogFields): Logger {
    return new Logger(this.#sink, { ...this.#fields, ...fields })
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#sink('debug', message, { ...this.#fields, ...fields })
  }

  info(message: string, fields: LogFields = {}): void {
    this.#sink('info', message, { ...this.#fields, ...fields })
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#sink('warn', message, { ...this.#fields, ...fields })
  }

  error(message: string, fields: LogFields = {}): void {
    this.#sink('error', message, { ...this.#fields, ...fields })
  }
}

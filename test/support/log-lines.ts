import { type LogFields, Logger, type LogLevel } from '../../engine/log.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** A logger, and the lines it was given. */
export function logLines(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  return { logger: new Logger((level, message, fields) => lines.push({ level, message, fields })), lines }
}

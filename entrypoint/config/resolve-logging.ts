import type { LogLevel } from '../../engine/log.ts'
import type { LoggingOptions } from './config.ts'
import type { LoggingSection } from './schema.ts'

const levels: ReadonlyMap<string, LogLevel> = new Map([
  // Litestream 0.5 has it below debug.
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
])

/**
 * What log lines look like and where they go.
 * @param warn gets a sentence about a level that is not one
 * @throws WherryError ERR_CONFIG
 */
export function resolveLogging(section: LoggingSection, warn: (warning: string) => void): LoggingOptions {
  const { level: levelText, type: typeText, stderr } = section.values
  // Litestream 0.5's form for terminals.
  const type = typeText === 'pretty' ? 'text' : typeText
  if (type !== 'text' && type !== 'json') throw section.error('type', `"${type}" is not a log type; set text or json`)
  const level = levels.get(levelText.toLowerCase())
  if (level === undefined) warn(section.error('level', `"${levelText}" is not a log level; info is used`).message)
  return { level: level ?? 'info', type, stderr }
}

import type { LogFields, LogLevel } from '../engine/log.ts'
import { parseDuration } from './config/duration.ts'

export interface LogLine {
  readonly time: Date
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

export type LogFormat = 'plain' | 'text' | 'json'

/**
 * A line in one of Litestream's three forms, which are those of Go's log/slog: `plain` before a configuration is loaded,
 * `text` (key=value) and `json` after. Times are local. Fields that are undefined are left out.
 */
export function formatLine(format: LogFormat, line: LogLine): string {
  return `${formats[format](line)}\n`
}

const formats: Readonly<Record<LogFormat, (line: LogLine) => string>> = { plain, text, json }

function plain({ time, level, message, fields }: LogLine): string {
  return `${localDate(time).replaceAll('-', '/')} ${clock(time)} ${level.toUpperCase()} ${message}${pairs(fields)}`
}

function text({ time, level, message, fields }: LogLine): string {
  return `time=${localTime(time)} level=${level.toUpperCase()} msg=${quoted(message)}${pairs(fields)}`
}

function json({ time, level, message, fields }: LogLine): string {
  const line = { time: localTime(time), level: level.toUpperCase(), msg: message, ...fields }
  return JSON.stringify(line, (key, value) => (key === DURATION ? nanoseconds(value) : value))
}

/** The one duration that Litestream gives slog as such: JSON has it as a number. */
const DURATION = 'sync-interval'

function nanoseconds(text: string): number | string {
  const ms = parseDuration(text)
  return ms === undefined ? text : Math.round(ms * 1e6)
}

function pairs(fields: LogFields): string {
  let result = ''
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) result += ` ${quoted(key)}=${quoted(String(value))}`
  }
  return result
}

// slog quotes what is empty, holds a space, = or ", or has a character that Go calls unprintable.
const NEEDS_QUOTES = /^$|[="\ufffd]|[^\p{L}\p{M}\p{N}\p{P}\p{S}]/u
const UNPRINTABLE = /["\\]|[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu
const HAS_UNPRINTABLE = /[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/u
// Unicode's classes take milliseconds to compile, at the first line that they are asked about, and most lines are ASCII.
const IS_BARE_ASCII = /^[!#-<>-~]+$/
const IS_LITERAL_ASCII = /^[ !#-[\]-~]*$/
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
])

/** The value as it is, or as a Go string literal where slog's text form needs one. DEL alone needs none. */
function quoted(value: string): string {
  if (IS_BARE_ASCII.test(value)) return value
  return NEEDS_QUOTES.test(value.replaceAll('\x7f', '_')) ? literal(value) : value
}

/** The text as it is, or quoted as in a log line when it has a character that is not for a terminal, like a line break. */
export function printable(text: string): string {
  return HAS_UNPRINTABLE.test(text) ? literal(text) : text
}

function literal(text: string): string {
  if (IS_LITERAL_ASCII.test(text)) return `"${text}"`
  return `"${text.replace(UNPRINTABLE, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  const long =
    code < 0x80
      ? `\\x${hex.padStart(2, '0')}`
      : code < 0x10000
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`
  return SHORT_ESCAPES.get(character) ?? long
}

/** RFC 3339 with milliseconds and the local zone's offset (`Z` for none). */
function localTime(time: Date): string {
  const milliseconds = String(time.getMilliseconds()).padStart(3, '0')
  return `${localDate(time)}T${clock(time)}.${milliseconds}${zone(-time.getTimezoneOffset())}`
}

function localDate(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
}

function clock(time: Date): string {
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const minutes = Math.abs(offsetMinutes)
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

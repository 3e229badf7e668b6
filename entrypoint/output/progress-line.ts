import { type Progress, percentOf } from '../../engine/index.ts'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** Columns for the bar itself: more says no more, fewer say nothing. */
const LONGEST_BAR = 30
const SHORTEST_BAR = 5

/** Before that a rate says more about the start than about the work. */
const SETTLED_MS = 1000

/** `1.5 GB`: three digits at most, in units of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** `45s`, `3m05s`, `2h10m`. */
export function formatSpan(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours}h${two(minutes)}m`
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`
}

/**
 * One line about the work: bar, percent, bytes, rate, and how long it will still take; as much of it as fits.
 * @param elapsedMs since the activity began
 */
export function progressLine(
  { activity, doneBytes, totalBytes }: Progress,
  elapsedMs: number,
  columns: number,
): string {
  if (totalBytes === 0) return fit([`${activity}  ${formatSpan(elapsedMs)}`], columns)
  const percent = `${String(percentOf({ doneBytes, totalBytes })).padStart(3)}%`
  const bytes = `${formatBytes(doneBytes)} / ${formatBytes(totalBytes)}`
  const rate = elapsedMs > SETTLED_MS ? doneBytes / elapsedMs : 0
  const parts = [activity, percent, bytes]
  if (rate > 0) parts.push(`${formatBytes(rate * 1000)}/s`)
  if (rate > 0 && doneBytes < totalBytes) parts.push(`ETA ${formatSpan((totalBytes - doneBytes) / rate)}`)
  const room = Math.min(LONGEST_BAR, columns - 1 - parts.join('  ').length - '  []'.length)
  if (room < SHORTEST_BAR) return fit(parts, columns)
  const full = Math.floor((room * doneBytes) / totalBytes)
  return [activity, `[${'='.repeat(full)}${' '.repeat(room - full)}]`, ...parts.slice(1)].join('  ')
}

/** Whole parts, from the first, that fit into a line whose last column stays free. */
function fit(parts: readonly string[], columns: number): string {
  const [first = '', ...more] = parts
  let line = first.slice(0, Math.max(0, columns - 1))
  for (const part of more) {
    if (line.length + 2 + part.length >= columns) break
    line += `  ${part}`
  }
  return line
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

import { formatDuration, MAX_DURATION_MS } from '../config/duration.ts'

/** UTC, RFC 3339, with the fraction of the second cut off. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Go's text of a span, cut to a unit that fits its size, as Litestream shows a lag: `42s`, `3.8s`, `-8ms`. */
export function formatLag(ms: number): string {
  const size = Math.min(Math.abs(ms), MAX_DURATION_MS)
  const unit = size > 10_000 ? 1000 : size > 1000 ? 100 : size > 1 ? 1 : 0.001
  return formatDuration(Math.sign(ms) * Math.trunc(size / unit) * unit)
}

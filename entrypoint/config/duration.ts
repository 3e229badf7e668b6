/**
 * Durations as Go's time.ParseDuration reads and Duration.String prints them, which is what Litestream's configuration
 * and listings use. Values are milliseconds, with fractions down to the nanosecond.
 */

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

/** Go keeps nanoseconds in a signed 64-bit integer: about 292 years. */
const MAX_NS = 2n ** 63n - 1n

/** The longest duration that Go has. */
export const MAX_DURATION_MS = nsToMs(MAX_NS)

const PART = /(\d*)(?:\.(\d*))?([^\d.]+)/y

/** `[sign](number[fraction]unit)+`, like `1h30m` or `-1.5s`, or a bare `0`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const sign = /^[-+]/.exec(text)?.[0] ?? ''
  const body = text.slice(sign.length)
  if (body === '0') return 0
  const ns = parseParts(body)
  if (ns === undefined || ns > MAX_NS) return undefined
  return nsToMs(sign === '-' ? -ns : ns)
}

function parseParts(body: string): bigint | undefined {
  if (body === '') return undefined
  let total = 0n
  PART.lastIndex = 0
  while (PART.lastIndex < body.length) {
    const [, whole = '', fraction = '', unit = ''] = PART.exec(body) ?? []
    const unitNs = UNITS.get(unit)
    if (unitNs === undefined || whole + fraction === '') return undefined
    total += BigInt(whole) * unitNs + (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length)
  }
  return total
}

/** A bare number in the configuration: nanoseconds, any fraction cut off; undefined beyond Go's range. */
export function durationFromNs(ns: number): number | undefined {
  return Number.isFinite(ns) && Math.abs(ns) <= Number(MAX_NS) ? nsToMs(BigInt(Math.trunc(ns))) : undefined
}

function nsToMs(ns: bigint): number {
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6
}

function msToNs(ms: number): bigint {
  const whole = Math.trunc(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}

/** `1h0m0s`, `1.5s`, `250ms`, `0s`: Go's text of `ms`. */
export function formatDuration(ms: number): string {
  const signedNs = msToNs(ms)
  const ns = signedNs < 0n ? -signedNs : signedNs
  return (signedNs < 0n ? '-' : '') + (ns < 1_000_000_000n ? formatBelowSecond(ns) : formatFromSecond(ns))
}

function formatBelowSecond(ns: bigint): string {
  if (ns === 0n) return '0s'
  const unit = ns < 1_000n ? 'ns' : ns < 1_000_000n ? 'µs' : 'ms'
  return decimal(ns, UNITS.get(unit) ?? 1n) + unit
}

function formatFromSecond(ns: bigint): string {
  const minutes = ns / 60_000_000_000n
  const hours = minutes / 60n
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return seconds
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`
}

/** `value / unit` in decimal without trailing zeros; `unit` is a power of ten. */
function decimal(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1
  const fraction =
    digits === 0
      ? ''
      : String(value % unit)
          .padStart(digits, '0')
          .replace(/0+$/, '')
  return String(value / unit) + (fraction === '' ? '' : `.${fraction}`)
}

const POWERS = ['', 'k', 'm', 'g', 't']
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i

/**
 * Bytes in text like `512MB` (powers of 1000), `1.5GiB` (powers of 1024) or `4096`; undefined for any other text, and
 * for sizes that a number can't hold exactly.
 */
export function parseSize(text: string): number | undefined {
  const [, amount = '', prefix = '', binary = ''] = SIZE.exec(text) ?? []
  if (amount === '' || (prefix === '' && binary !== '')) return undefined
  const bytes = Math.floor(Number(amount) * (binary === '' ? 1000 : 1024) ** POWERS.indexOf(prefix.toLowerCase()))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

/** The size in the largest unit that divides it: {@link parseSize} gives the same bytes for it. */
export function formatSize(bytes: number): string {
  const [unit, size] = UNITS.find(([, candidate]) => bytes !== 0 && bytes % candidate === 0) ?? ['', 1]
  return `${bytes / size}${unit}`
}

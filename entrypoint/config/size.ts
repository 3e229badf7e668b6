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

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const CHECKSUM_LENGTH = 6

export interface Bech32 {
  /** As it was written: all small or all capital letters. */
  readonly prefix: string
  readonly bytes: Buffer
}

/** Decodes Bech32 (BIP 173, without its limit of 90 characters); undefined for anything else, one mistyped letter included. */
export function decodeBech32(text: string): Bech32 | undefined {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return undefined
  const separator = lower.lastIndexOf('1')
  if (separator < 1) return undefined
  const words = [...lower.slice(separator + 1)].map((letter) => ALPHABET.indexOf(letter))
  if (words.length < CHECKSUM_LENGTH || words.includes(-1)) return undefined
  const prefix = Buffer.from(lower.slice(0, separator), 'latin1')
  const expanded = [...prefix.map((byte) => byte >> 5), 0, ...prefix.map((byte) => byte & 31)]
  if (checksum([...expanded, ...words]) !== 1) return undefined
  const bytes = toBytes(words.slice(0, -CHECKSUM_LENGTH))
  return bytes && { prefix: text.slice(0, separator), bytes }
}

function checksum(words: readonly number[]): number {
  let sum = 1
  for (const word of words) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ word
    for (const [bit, generator] of GENERATORS.entries()) if ((top >>> bit) & 1) sum ^= generator
  }
  return sum
}

/** Words of 5 bits as bytes; undefined when what is left over is a whole word, or not zero. */
function toBytes(words: readonly number[]): Buffer | undefined {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const word of words) {
    value = ((value << 5) | word) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >>> bits) & 0xff)
  }
  const isPadding = bits < 5 && (value & ((1 << bits) - 1)) === 0
  return isPadding ? Buffer.from(bytes) : undefined
}

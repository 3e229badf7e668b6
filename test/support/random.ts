/** A small seeded generator (mulberry32): the same seed gives the same test on every machine. */
export class Random {
  #state: number

  constructor(...seeds: number[]) {
    this.#state = seeds.reduce((state, seed) => Math.imul(state ^ seed, 0x9e3779b1) + 0x7f4a7c15, 0x12345678) | 0
  }

  /** An integer in [0, 2^32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return (z ^ (z >>> 14)) >>> 0
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1))
  }

  /** True with the given probability. */
  chance(share: number): boolean {
    return this.next() < share * 4294967296
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.next() % values.length]
    if (value === undefined) throw new RangeError('Nothing to pick from')
    return value
  }

  bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let at = 0; at < words.length; at++) words[at] = this.next()
    return Buffer.from(words.buffer, 0, length)
  }
}

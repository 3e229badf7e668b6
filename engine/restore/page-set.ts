/** Pages of one chunk: a page number can be anything in 32 bits, and memory is only for chunks that occur. */
const CHUNK_BITS = 17
const CHUNK_MASK = (1 << CHUNK_BITS) - 1

/** A set of page numbers, one bit each. */
export class PageSet {
  readonly #chunks: (Uint32Array | undefined)[] = []

  has(page: number): boolean {
    const chunk = this.#chunks[page >>> CHUNK_BITS]
    return chunk !== undefined && ((chunk[(page & CHUNK_MASK) >>> 5] ?? 0) & (1 << (page & 31))) !== 0
  }

  /** @returns false when it was there already */
  add(page: number): boolean {
    const index = page >>> CHUNK_BITS
    const chunk = this.#chunks[index] ?? new Uint32Array(1 << (CHUNK_BITS - 5))
    this.#chunks[index] = chunk
    const word = (page & CHUNK_MASK) >>> 5
    const bits = chunk[word] ?? 0
    const bit = 1 << (page & 31)
    chunk[word] = bits | bit
    return (bits & bit) === 0
  }
}

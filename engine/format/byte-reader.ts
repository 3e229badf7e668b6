/** Cuts a stream of chunks into pieces of asked sizes, copying only where a piece spans chunks. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #scratch: Buffer = Buffer.alloc(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Between 1 and `size` bytes, as they lie in the stream; undefined at its end. */
  async some(size: number): Promise<Buffer | undefined> {
    if (this.#at === this.#chunk.length && !(await this.#pull())) return undefined
    const part = this.#chunk.subarray(this.#at, this.#at + size)
    this.#at += part.length
    return part
  }

  /**
   * Exactly `size` bytes, valid until the next call; undefined when the stream ends before.
   *
   * @param room bytes before them that the piece shall have too. They can be the stream's own: whoever writes to the
   *   room puts back what was in it.
   */
  async exactly(size: number, room = 0): Promise<Buffer | undefined> {
    if (this.#at >= room && this.#chunk.length - this.#at >= size) {
      const piece = this.#chunk.subarray(this.#at - room, this.#at + size)
      this.#at += size
      return piece
    }
    if (this.#scratch.length < room + size) this.#scratch = Buffer.allocUnsafeSlow(room + size)
    const piece = this.#scratch.subarray(0, room + size)
    for (let filled = room; filled < piece.length; ) {
      const part = await this.some(piece.length - filled)
      if (part === undefined) return undefined
      filled += part.copy(piece, filled)
    }
    return piece
  }

  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      const { done, value } = await this.#source.next()
      if (done) this.#ended = true
      else if (value.length > 0) {
        this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        this.#at = 0
        return true
      }
    }
    return false
  }

  async close(): Promise<void> {
    this.#ended = true
    await this.#source.return?.()
  }
}

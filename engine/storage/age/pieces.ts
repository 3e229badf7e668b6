/** Cuts bytes into pieces of one size and holds the last one back, since whether it is the last decides how it is sealed. */
export class Pieces {
  readonly #size: number
  #held: Buffer | undefined
  #length = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Whole pieces after each of which there are more bytes; each is valid until the next is asked for. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#length === this.#size) {
        yield this.rest
        this.#length = 0
      }
      if (this.#length === 0 && bytes.length - at > this.#size) {
        yield bytes.subarray(at, at + this.#size)
        at += this.#size
        continue
      }
      this.#held ??= Buffer.allocUnsafe(this.#size)
      const part = bytes.subarray(at, at + this.#size - this.#length)
      this.#held.set(part, this.#length)
      this.#length += part.length
      at += part.length
    }
  }

  /** What is held: the last piece, when nothing follows. */
  get rest(): Uint8Array {
    return this.#held?.subarray(0, this.#length) ?? new Uint8Array()
  }
}

const MIB = 1 << 20

/** S3 takes parts of at least 5 MiB; 8 halves the requests and is cheap to hold. */
const LEAST_PART_SIZE = 8 * MIB

/** What an incompressible body grows by, generously: LZ4 adds 4 bytes to 4 MiB. */
const GROWTH = 1.01

/** The size in bytes of all parts but the last (some services want them equal), such that `maxParts` of them suffice. */
export function partSizeFor(maxParts: number, sizeHintBytes = 0): number {
  const needed = (sizeHintBytes * GROWTH) / maxParts
  return Math.max(LEAST_PART_SIZE, Math.ceil(needed / MIB) * MIB)
}

export interface Part {
  /** 1 for the first. */
  readonly number: number
  /** Empty once the body has ended. */
  readonly bytes: Buffer
  /** True when the body is known to have ended with this part. */
  readonly last: boolean
}

/** Cuts a body into parts of equal size, each in a buffer that the caller lends and may use again. */
export class PartSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #partSize: number
  #rest: Uint8Array = Buffer.alloc(0)
  #number = 0
  #size = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(body: AsyncIterable<Uint8Array>, partSize: number) {
    this.#chunks = body[Symbol.asyncIterator]()
    this.#partSize = partSize
  }

  /** Bytes of the body so far. */
  get size(): number {
    return this.#size
  }

  /** A buffer for one part; its pages cost nothing before they are filled. */
  newBuffer(): Buffer {
    return Buffer.allocUnsafeSlow(this.#partSize)
  }

  /** Fills `buffer` with the next part. Calls take turns. What the body throws comes through unchanged. */
  next(buffer: Buffer): Promise<Part> {
    const part = this.#turn.then(() => this.#fill(buffer))
    this.#turn = part
    return part
  }

  /** Ends the body early. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #fill(buffer: Buffer): Promise<Part> {
    let filled = 0
    while (filled < buffer.length && (await this.#pull())) {
      const taken = this.#rest.subarray(0, buffer.length - filled)
      buffer.set(taken, filled)
      this.#rest = this.#rest.subarray(taken.length)
      filled += taken.length
    }
    this.#size += filled
    this.#number += 1
    return { number: this.#number, bytes: buffer.subarray(0, filled), last: filled < buffer.length }
  }

  /** False when the body has ended. */
  async #pull(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return false
      this.#rest = value
    }
    return true
  }
}

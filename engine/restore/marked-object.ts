import { decodeFrame } from '../format/lz4.ts'
import { decodeWalMark, type WalMark } from '../format/wal-mark.ts'

/** An object's content, and the mark at its head. */
export class MarkedObject {
  readonly #key: string
  #mark: WalMark | undefined

  constructor(key: string) {
    this.#key = key
  }

  /** What the object says about the WAL, once its first piece was decoded; objects of other writers say nothing. */
  get mark(): WalMark | undefined {
    return this.#mark
  }

  /** The decoded content, as decodeFrame gives it. Can be called again when a download starts again. */
  decode(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    return decodeFrame(bytes, this.#key, (payload) => {
      this.#mark = decodeWalMark(payload) ?? this.#mark
    })
  }
}

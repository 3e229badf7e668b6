import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { WherryError } from '../../errors.ts'
import { Pieces } from './pieces.ts'

/**
 * The payload of an age file (https://c2sp.org/age#payload): chunks of 64 KiB, each sealed with ChaCha20-Poly1305, whose
 * nonces count them and tell which one is the last. The age library does 70 MB/s; with node:crypto's cipher it is 400, and 300
 * for reading (one core that is shared with others).
 */
const CHUNK_SIZE = 64 << 10
const TAG_SIZE = 16
const CIPHER = 'chacha20-poly1305'

/** Random bytes before the payload, which make its key. */
export const SALT_SIZE = 16

/** A payload's key, from the file's key and the salt. */
export function payloadKey(fileKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, salt, 'payload', 32))
}

/** A bound of the bytes that sealing adds to `size` bytes. */
export function sealingOverhead(size: number): number {
  return TAG_SIZE * (Math.floor(size / CHUNK_SIZE) + 1)
}

/** Eleven bytes of counter, and one that is 1 in the last chunk. */
class Nonce {
  readonly #bytes = Buffer.alloc(12)
  #count = 0

  next(place: 'last' | 'inner'): Buffer {
    this.#bytes.writeUIntBE(this.#count++, 5, 6)
    this.#bytes[11] = place === 'last' ? 1 : 0
    return this.#bytes
  }
}

/** Seals one payload. Its key must be of this payload alone. */
export class Sealer {
  readonly #key: Uint8Array
  readonly #nonce = new Nonce()
  readonly #chunks = new Pieces(CHUNK_SIZE)

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** The sealed chunks that are complete with `content`; often none. */
  push(content: Uint8Array): Buffer[] {
    const sealed: Buffer[] = []
    for (const chunk of this.#chunks.push(content)) sealed.push(...this.#seal(chunk, 'inner'))
    return sealed
  }

  /** The last chunk, once. */
  end(): Buffer[] {
    return this.#seal(this.#chunks.rest, 'last')
  }

  #seal(chunk: Uint8Array, place: 'last' | 'inner'): Buffer[] {
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce.next(place), { authTagLength: TAG_SIZE })
    const sealed = cipher.update(chunk)
    cipher.final()
    return [sealed, cipher.getAuthTag()]
  }
}

/** Opens one payload: nothing that was changed, moved or cut off comes through as content. */
export class Opener {
  readonly #key: Uint8Array
  readonly #name: string
  readonly #nonce = new Nonce()
  readonly #chunks = new Pieces(CHUNK_SIZE + TAG_SIZE)
  #opened = 0

  /** @param name the object, for messages */
  constructor(key: Uint8Array, name: string) {
    this.#key = key
    this.#name = name
  }

  /**
   * The content of the chunks that are complete with `sealed`.
   * @throws WherryError ERR_REPLICA_DAMAGED
   */
  *push(sealed: Uint8Array): Generator<Buffer> {
    for (const chunk of this.#chunks.push(sealed)) yield this.#open(chunk, 'inner')
  }

  /**
   * The content of the last chunk, once.
   * @throws WherryError ERR_REPLICA_DAMAGED, also when what came last was not made as the last
   */
  end(): Buffer {
    const content = this.#open(this.#chunks.rest, 'last')
    if (content.length === 0 && this.#opened > 0) throw this.#damaged()
    return content
  }

  #open(chunk: Uint8Array, place: 'last' | 'inner'): Buffer {
    const size = chunk.length - TAG_SIZE
    if (size < 0) throw this.#damaged()
    const decipher = createDecipheriv(CIPHER, this.#key, this.#nonce.next(place), { authTagLength: TAG_SIZE })
    decipher.setAuthTag(chunk.subarray(size))
    const content = decipher.update(chunk.subarray(0, size))
    try {
      decipher.final()
    } catch (error) {
      throw this.#damaged(error)
    }
    this.#opened += size
    return content
  }

  #damaged(cause?: unknown): WherryError {
    const where = `its encrypted content was changed or cut short after ${this.#opened} bytes`
    return new WherryError('ERR_REPLICA_DAMAGED', `${this.#name} is damaged: ${where}`, { cause })
  }
}

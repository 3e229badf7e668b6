import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import { WherryError } from '../../errors.ts'
import { type Envelope, endOfHeader } from './envelope.ts'
import { Opener, payloadKey, SALT_SIZE } from './payload.ts'

/** How every age file begins. No LZ4 frame does. */
const MAGIC = Buffer.from('age-')

/** Headers of Litestream's and ours have a few hundred bytes for each recipient. */
const HEADER_LIMIT = 64 << 10

/**
 * The content of an object: decrypted, if it is encrypted, as it comes in; else as it is.
 *
 * An object that is not encrypted is let through, for a replica goes on after its keys were set, and its older generations
 * must restore. It costs no safety: encryption keeps readers out, not writers. Whoever may write to the storage can encrypt
 * for a recipient too, since recipients are no secrets.
 *
 * @param source is destroyed with the stream, and fails it
 * @param name the object, for messages
 * @returns a stream that fails with ERR_CONFIG for a wrong key, and with ERR_REPLICA_DAMAGED where the object was changed or
 *   cut short; what came before that is proven
 */
export function decryptStream(source: Readable, envelope: Envelope, name: string): Readable {
  return pipeline(source, new Decryption(envelope, name), () => {})
}

class Decryption extends Transform {
  readonly #envelope: Envelope
  readonly #name: string
  #begin: Buffer | undefined = Buffer.alloc(0)
  #opener: Opener | undefined

  constructor(envelope: Envelope, name: string) {
    super()
    this.#envelope = envelope
    this.#name = name
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#take(chunk).then(() => done(), done)
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#end()
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #take(chunk: Buffer): Promise<void> {
    if (this.#begin === undefined) return this.#pass(chunk)
    this.#begin = Buffer.concat([this.#begin, chunk])
    if (this.#begin.length < MAGIC.length) return
    const rest = isEncrypted(this.#begin) ? await this.#openHead(this.#begin) : this.#begin
    if (rest === undefined) return
    this.#begin = undefined
    this.#pass(rest)
  }

  /** What follows the header and the salt; undefined when they are not all there yet. */
  async #openHead(begin: Buffer): Promise<Buffer | undefined> {
    const end = endOfHeader(begin)
    if (end === undefined && begin.length > HEADER_LIMIT) {
      throw this.#damaged(`its age header is longer than ${HEADER_LIMIT} bytes`)
    }
    if (end === undefined || begin.length < end + SALT_SIZE) return undefined
    const fileKey = await this.#envelope.open(begin.subarray(0, end), this.#name)
    const salt = begin.subarray(end, end + SALT_SIZE)
    this.#opener = new Opener(payloadKey(fileKey, salt), this.#name)
    return begin.subarray(end + SALT_SIZE)
  }

  #pass(bytes: Buffer): void {
    if (this.#opener === undefined) this.push(bytes)
    else for (const content of this.#opener.push(bytes)) this.push(content)
  }

  #end(): void {
    if (this.#opener !== undefined) this.push(this.#opener.end())
    else if (this.#begin !== undefined && isEncrypted(this.#begin))
      throw this.#damaged('it is cut short in its age header')
    else if (this.#begin !== undefined) this.push(this.#begin)
  }

  #damaged(why: string): WherryError {
    return new WherryError('ERR_REPLICA_DAMAGED', `${this.#name} is damaged: ${why}`)
  }
}

function isEncrypted(begin: Buffer): boolean {
  return begin.subarray(0, MAGIC.length).equals(MAGIC)
}

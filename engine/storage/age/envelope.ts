import { randomBytes } from 'node:crypto'
import type { Decrypter } from 'age-encryption'
import { WherryError } from '../../errors.ts'
import type { AgeOptions } from '../options.ts'
import { payloadKey, SALT_SIZE, Sealer } from './payload.ts'

type Library = typeof import('age-encryption')

/** A header without recipients takes two lines; one for each recipient takes two more. */
const LINES_SIZE = 128

/** What comes before an object's payload, and what seals the payload. */
export interface SealedHead {
  readonly head: Buffer
  readonly sealer: Sealer
}

class NoneFits extends Error {}

/**
 * The headers of age files, where the key of each file is wrapped for its recipients: the age library's work. It is loaded
 * with the first object.
 */
export class Envelope {
  readonly #age: AgeOptions
  #library: Promise<Library> | undefined
  #decrypter: Promise<Decrypter> | undefined

  /** @param age keys that are valid, see checkAge */
  constructor(age: AgeOptions) {
    this.#age = age
  }

  /** A bound of the bytes before a payload. */
  get headSizeLimit(): number {
    return LINES_SIZE * (1 + this.#age.recipients.length) + SALT_SIZE
  }

  /** Begins an object with a new key, wrapped for every recipient. */
  async seal(): Promise<SealedHead> {
    const { Encrypter } = await this.#load()
    const encrypter = new Encrypter()
    for (const recipient of this.#age.recipients) encrypter.addRecipient(recipient)
    let fileKey = new Uint8Array()
    // A recipient that wraps nothing, and so learns the key without a trace in the header.
    encrypter.addRecipient({
      wrapFileKey: (key) => {
        fileKey = Uint8Array.from(key)
        return []
      },
    })
    const empty = await encrypter.encrypt(new Uint8Array())
    const header = empty.subarray(0, endOfHeader(Buffer.from(empty)))
    // Not the salt of the empty file: its payload key has sealed a chunk already.
    const salt = randomBytes(SALT_SIZE)
    return { head: Buffer.concat([header, salt]), sealer: new Sealer(payloadKey(fileKey, salt)) }
  }

  /**
   * The key of a file.
   * @param header up to the end of its last line
   * @param name the object, for messages
   * @throws WherryError ERR_CONFIG when it is wrapped for none of the identities; ERR_REPLICA_DAMAGED
   */
  async open(header: Uint8Array, name: string): Promise<Uint8Array> {
    this.#decrypter ??= this.#newDecrypter()
    const decrypter = await this.#decrypter
    try {
      return await decrypter.decryptHeader(header)
    } catch (cause) {
      if (!(cause instanceof NoneFits)) {
        throw new WherryError('ERR_REPLICA_DAMAGED', `${name} is damaged: its age header is not valid`, { cause })
      }
      const what = `${name} is encrypted for other keys than age.identities`
      throw new WherryError('ERR_CONFIG', `${what}; add the identity that it was encrypted for`)
    }
  }

  async #newDecrypter(): Promise<Decrypter> {
    const { Decrypter } = await this.#load()
    const decrypter = new Decrypter()
    for (const identity of this.#age.identities) decrypter.addIdentity(identity)
    decrypter.addIdentity({
      unwrapFileKey: () => {
        throw new NoneFits()
      },
    })
    return decrypter
  }

  #load(): Promise<Library> {
    this.#library ??= import('age-encryption')
    return this.#library
  }
}

/** Where the header ends in the first bytes of a file: after the line that begins with `---`; undefined before that. */
export function endOfHeader(bytes: Buffer): number | undefined {
  const lastLine = bytes.indexOf('\n--- ')
  if (lastLine === -1) return undefined
  const end = bytes.indexOf('\n', lastLine + 1)
  return end === -1 ? undefined : end + 1
}

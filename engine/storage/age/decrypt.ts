import { PassThrough, pipeline, type Readable } from 'node:stream'
import { Decrypter } from 'age-encryption'
import { WherryError } from '../../errors.ts'

/** How every age file begins. No LZ4 frame does. */
const MAGIC = Buffer.from('age-')

/** Headers of Litestream's and ours have a few hundred bytes for each recipient. The library reads one however long it is. */
const HEADER_LIMIT = 64 << 10

/**
 * The content of an object: decrypted, if it is encrypted, as it comes in; else as it is.
 *
 * An object that is not encrypted is let through, for a replica goes on after its keys were set, and its older generations
 * must restore. It costs no safety: encryption keeps readers out, not writers. Whoever may write to the storage can encrypt
 * for a recipient too, since recipients are no secrets.
 *
 * @param source is destroyed with the stream, and fails it
 * @param identities keys that are valid, see checkKeys
 * @param name the object, for messages
 * @returns a stream that fails with ERR_CONFIG for a wrong key, and with ERR_REPLICA_DAMAGED where the object was changed or
 *   cut short; what came before that is proven
 */
export function decryptStream(source: Readable, identities: readonly string[], name: string): Readable {
  const content = new PassThrough()
  // While the source has nothing to give, a pipeline does not notice that its end was destroyed.
  content.once('close', () => source.destroy())
  pipeline(
    source,
    () => contentOf(source, identities, name),
    content,
    () => {},
  )
  return content
}

async function* contentOf(source: Readable, identities: readonly string[], name: string): AsyncGenerator<Uint8Array> {
  const pieces = source.iterator()
  const head = await headOf(pieces)
  const whole = chain(head, pieces)
  if (!isEncrypted(head)) return yield* whole
  const damaged = (why: string, cause?: unknown) =>
    new WherryError('ERR_REPLICA_DAMAGED', `${name} is damaged: ${why}`, { cause })
  if (!hasHeader(head)) throw damaged(`its age header is cut short, or longer than ${HEADER_LIMIT} bytes`)
  let size = 0
  try {
    for await (const content of await newDecrypter(identities, name).decrypt(ReadableStream.from(whole))) {
      yield content
      size += content.length
    }
  } catch (cause) {
    // Of the keys, or of the storage.
    if (cause instanceof WherryError) throw cause
    throw damaged(`its encrypted content was changed or cut short after ${size} bytes`, cause)
  }
}

/** The first bytes, with all of the header if they begin an age file. */
async function headOf(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < MAGIC.length || (isEncrypted(head) && !hasHeader(head) && head.length < HEADER_LIMIT)) {
    const { done, value } = await pieces.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* chain(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head
  yield* rest
}

function isEncrypted(head: Buffer): boolean {
  return head.subarray(0, MAGIC.length).equals(MAGIC)
}

/** True when the header's last line, which begins with `---` (https://c2sp.org/age#header), is there. */
function hasHeader(head: Buffer): boolean {
  return /\n--- .*\n/.test(head.toString('latin1'))
}

function newDecrypter(identities: readonly string[], name: string): Decrypter {
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  // The last one is asked when none of them fits.
  decrypter.addIdentity({
    unwrapFileKey: () => {
      const what = `${name} is encrypted for other keys than age.identities`
      throw new WherryError('ERR_CONFIG', `${what}; add the identity that it was encrypted for`)
    },
  })
  return decrypter
}

import { Encrypter } from 'age-encryption'

/** Encrypts for these keys, which are valid: see checkKeys. */
export function newEncrypter(recipients: readonly string[]): Encrypter {
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return encrypter
}

/**
 * The encrypted form of a body of unknown length. The next piece is asked for when the one before it has been encrypted, so
 * that a piece may be reused by its maker, and possibly before that is stored.
 */
export async function* encryptBody(
  encrypter: Encrypter,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const pieces = body[Symbol.asyncIterator]()
  try {
    yield* await encrypter.encrypt(ReadableStream.from({ [Symbol.asyncIterator]: () => pieces }))
  } finally {
    // A stream that is cancelled does not wait for its source to end: a piece may still be on its way.
    await pieces.return?.()
  }
}

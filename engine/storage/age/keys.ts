import { createPrivateKey, createPublicKey } from 'node:crypto'
import { decodeBech32 } from './bech32.ts'

const KEY_LENGTH = 32

/** What stands before an X25519 private key in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** The X25519 public key of `age1…`; undefined for what is no such key: age's other kinds are not Litestream 0.3's. */
export function parseRecipient(text: string): Buffer | undefined {
  return parseKey(text, 'age')
}

/** The X25519 private key of `AGE-SECRET-KEY-1…`; undefined as in {@link parseRecipient}. */
export function parseIdentity(text: string): Buffer | undefined {
  return parseKey(text, 'AGE-SECRET-KEY-')
}

/** The public key of a private one. */
export function publicKeyOf(identity: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, identity]), format: 'der', type: 'pkcs8' })
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_LENGTH)
}

function parseKey(text: string, prefix: string): Buffer | undefined {
  const decoded = decodeBech32(text)
  return decoded?.prefix === prefix && decoded.bytes.length === KEY_LENGTH ? decoded.bytes : undefined
}

import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import type { AgeOptions } from '../../../../engine/storage/options.ts'

/** A new pair of keys. */
export async function newKeys(): Promise<{ identity: string; recipient: string; age: AgeOptions }> {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  return { identity, recipient, age: { recipients: [recipient], identities: [identity] } }
}

import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption'
import type { AgeOptions } from '../options.ts'

/** What is wrong, and with which of the two lists. The message ends a sentence, and never quotes an identity. */
export interface AgeProblem {
  readonly key: keyof AgeOptions
  readonly message: string
}

/**
 * Finds keys that are none, and what would make a replica that cannot be continued or is not encrypted.
 *
 * @param use a restore needs no recipients, and without identities it reads what is not encrypted; whoever writes needs
 *   both, since an engine that starts again reads back what it stored last
 */
export async function checkAge(age: AgeOptions, use: 'restore' | 'replicate'): Promise<AgeProblem | undefined> {
  return checkKeys(age) ?? (use === 'replicate' ? await checkPair(age) : undefined)
}

/** Finds keys that are none. */
export function checkKeys({ recipients, identities }: AgeOptions): AgeProblem | undefined {
  for (const [i, text] of recipients.entries()) {
    if (isRecipient(text)) continue
    if (isIdentity(text)) return problem('recipients', i, 'is a secret key; it belongs in identities')
    return problem('recipients', i, 'is not a public key of age like age1… (X25519)')
  }
  for (const [i, text] of identities.entries()) {
    if (isIdentity(text)) continue
    if (isRecipient(text)) return problem('identities', i, 'is a public key; it belongs in recipients')
    return problem('identities', i, 'is not a secret key of age like AGE-SECRET-KEY-1… (X25519)')
  }
  return undefined
}

function problem(key: keyof AgeOptions, index: number, why: string): AgeProblem {
  return { key, message: `key ${index + 1} ${why}` }
}

/** age's other kinds are not Litestream 0.3's. They have a longer prefix, which ends with the last 1. */
function isRecipient(text: string): boolean {
  return text.lastIndexOf('1') === 'age'.length && isTaken(() => new Encrypter().addRecipient(text))
}

function isIdentity(text: string): boolean {
  return text.startsWith('AGE-SECRET-KEY-1') && isTaken(() => new Decrypter().addIdentity(text))
}

function isTaken(add: () => void): boolean {
  try {
    add()
    return true
  } catch {
    return false
  }
}

async function checkPair({ recipients, identities }: AgeOptions): Promise<AgeProblem | undefined> {
  if (recipients.length === 0 && identities.length === 0) return undefined
  if (recipients.length === 0) {
    const message = 'there are identities but no recipients, so nothing would be encrypted; set recipients too'
    return { key: 'recipients', message }
  }
  if (identities.length === 0) {
    const message = 'there are recipients but no identities, so the engine could not read back what it stored; set one'
    return { key: 'identities', message }
  }
  const readers = await Promise.all(identities.map((identity) => identityToRecipient(identity)))
  if (readers.some((reader) => recipients.includes(reader))) return undefined
  return {
    key: 'identities',
    message: 'none of the identities belongs to one of the recipients; add the one that does',
  }
}

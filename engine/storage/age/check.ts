import type { AgeOptions } from '../options.ts'
import { parseIdentity, parseRecipient, publicKeyOf } from './keys.ts'

/** What is wrong, and with which of the two lists. The message ends a sentence, and never quotes an identity. */
export interface AgeProblem {
  readonly key: keyof AgeOptions
  readonly message: string
}

/**
 * Finds keys that are none, and what would make a replica that cannot be continued or is not encrypted. Loads nothing.
 *
 * @param use a restore needs no recipients, and without identities it reads what is not encrypted; whoever writes needs
 *   both, since an engine that starts again reads back what it stored last
 */
export function checkAge(age: AgeOptions, use: 'restore' | 'replicate'): AgeProblem | undefined {
  return checkKeys(age) ?? (use === 'replicate' ? checkPair(age) : undefined)
}

function checkKeys({ recipients, identities }: AgeOptions): AgeProblem | undefined {
  const isIdentity = (text: string): boolean => parseIdentity(text) !== undefined
  for (const [i, text] of recipients.entries()) {
    if (parseRecipient(text) !== undefined) continue
    if (isIdentity(text)) return problem('recipients', i, 'is a secret key; it belongs in identities')
    return problem('recipients', i, 'is not a public key of age like age1… (X25519)')
  }
  for (const [i, text] of identities.entries()) {
    if (isIdentity(text)) continue
    if (parseRecipient(text) !== undefined) return problem('identities', i, 'is a public key; it belongs in recipients')
    return problem('identities', i, 'is not a secret key of age like AGE-SECRET-KEY-1… (X25519)')
  }
  return undefined
}

function problem(key: keyof AgeOptions, index: number, why: string): AgeProblem {
  return { key, message: `key ${index + 1} ${why}` }
}

function checkPair({ recipients, identities }: AgeOptions): AgeProblem | undefined {
  if (recipients.length === 0 && identities.length === 0) return undefined
  if (recipients.length === 0) {
    const message = 'there are identities but no recipients, so nothing would be encrypted; set recipients too'
    return { key: 'recipients', message }
  }
  if (identities.length === 0) {
    const message = 'there are recipients but no identities, so the engine could not read back what it stored; set one'
    return { key: 'identities', message }
  }
  const encryptedFor = new Set(recipients.map((text) => parseRecipient(text)?.toString('hex')))
  const canRead = identities.some((text) => {
    const identity = parseIdentity(text)
    return identity !== undefined && encryptedFor.has(publicKeyOf(identity).toString('hex'))
  })
  if (canRead) return undefined
  return {
    key: 'identities',
    message: 'none of the identities belongs to one of the recipients; add the one that does',
  }
}

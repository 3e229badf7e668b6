import { checkAge } from '../../engine/storage/age/check.ts'
import type { AgeOptions } from '../../engine/storage/options.ts'
import type { Section } from './key-spec.ts'
import type { ageKeys } from './replica-keys.ts'

type AgeSection = Section<typeof ageKeys>

/**
 * The keys of age, one an item; undefined when there are none.
 * @param use whoever replicates needs both recipients and identities, and an identity that can read what is written
 * @throws WherryError ERR_CONFIG for what is no key, and for what is missing; never with a key
 */
export function resolveAge(section: AgeSection, use: 'restore' | 'replicate' = 'restore'): AgeOptions | undefined {
  const age = { recipients: keysIn(section.values.recipients), identities: keysIn(section.values.identities) }
  if (age.recipients.length + age.identities.length === 0) return undefined
  const problem = checkAge(age, use)
  if (problem !== undefined) throw section.error(problem.key, problem.message)
  return age
}

/** A text may be a whole file of keys: several lines, comments and blank ones. Variables may have commas between keys. */
function keysIn(texts: readonly string[] = []): string[] {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim())
  const keys = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(','))
  return keys.map((key) => key.trim()).filter((key) => key !== '')
}

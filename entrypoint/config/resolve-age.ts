import type { AgeOptions } from '../../engine/storage/options.ts'
import type { Section } from './key-spec.ts'
import type { ageKeys } from './replica-keys.ts'

type AgeSection = Section<typeof ageKeys>

/** The keys of age, one an item, not checked yet; undefined when there are none. */
export function resolveAge(section: AgeSection): AgeOptions | undefined {
  const age = { recipients: keysIn(section.values.recipients), identities: keysIn(section.values.identities) }
  return age.recipients.length + age.identities.length === 0 ? undefined : age
}

/**
 * Checks the keys of age. Its library is loaded when there are any.
 * @param use whoever replicates needs both recipients and identities, and an identity that can read what is written
 * @throws WherryError ERR_CONFIG for what is no key, and for what is missing; never with a key
 */
export async function requireKeys(section: AgeSection, use: 'restore' | 'replicate'): Promise<void> {
  const age = resolveAge(section)
  if (age === undefined) return
  const { checkAge } = await import('../../engine/storage/age/check.ts')
  const problem = await checkAge(age, use)
  if (problem !== undefined) throw section.error(problem.key, problem.message)
}

/** A text may be a whole file of keys: several lines, comments and blank ones. Variables may have commas between keys. */
function keysIn(texts: readonly string[] = []): string[] {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim())
  const keys = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(','))
  return keys.map((key) => key.trim()).filter((key) => key !== '')
}

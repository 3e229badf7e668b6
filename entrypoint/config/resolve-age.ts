import type { AgeOptions } from '../../engine/storage/options.ts'
import type { Section } from './key-spec.ts'
import type { ageKeys } from './replica-keys.ts'

/** The keys of age, one an item; undefined when there are none. */
export function resolveAge({ values }: Section<typeof ageKeys>): AgeOptions | undefined {
  const recipients = keysIn(values.recipients)
  const identities = keysIn(values.identities)
  return recipients.length + identities.length === 0 ? undefined : { recipients, identities }
}

/** A text may be a whole file of keys: several lines, comments and blank ones. Variables may have commas between keys. */
function keysIn(texts: readonly string[] = []): string[] {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim())
  const keys = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(','))
  return keys.map((key) => key.trim()).filter((key) => key !== '')
}

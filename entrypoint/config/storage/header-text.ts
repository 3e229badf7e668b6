import type { ReplicaSection } from '../replica-keys.ts'

/**
 * Requires of credentials that travel in headers and URLs that they can.
 * @throws WherryError ERR_CONFIG, without the value
 */
export function requireHeaderText(
  { values, error }: ReplicaSection,
  ...keys: readonly ('access-key-id' | 'secret-access-key' | 'session-token' | 'sas-token')[]
): void {
  for (const key of keys) {
    if (/[^ -~]/.test(values[key] ?? '')) {
      throw error(key, `${key} has a line break, or a character that no credential has; paste it anew, on one line`)
    }
  }
}

import { didYouMean } from '../nearest.ts'

/** Every replica type of Litestream 0.3. */
export const replicaTypes = ['file', 's3', 'gcs', 'abs', 'sftp'] as const

export type ReplicaType = (typeof replicaTypes)[number]

/** The type that a word names; Litestream 0.5 says `gs` for `gcs`. */
export function replicaType(word: string): ReplicaType | undefined {
  return word === 'gs' ? 'gcs' : replicaTypes.find((type) => type === word)
}

/** For the end of a message about a word that names no type: what was meant, or what there is. */
export function typeHint(word: string, what: 'types' | 'schemes'): string {
  return didYouMean(word, replicaTypes) || `; the ${what} are ${replicaTypes.join(', ')}`
}

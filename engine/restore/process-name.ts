import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

const WORKER_DATA = 'wherry: process in the names of temporary files'

/**
 * In the names of all temporary files of this process, and of no other one's: process ids repeat between containers that
 * share a volume. Threads get it from the one that starts them, which has to load this module before.
 */
export const processName = ((): string => {
  const inherited = getEnvironmentData(WORKER_DATA)
  if (typeof inherited === 'string') return inherited
  // Seeded with the system's randomness, and there before node:crypto is loaded.
  const made = Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
  setEnvironmentData(WORKER_DATA, made)
  return made
})()

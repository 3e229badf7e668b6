import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const TEMPORARY = /\.lz4\.[0-9a-f]{12}\.tmp$/

/** A writer that lives has written to its file since. */
const LEFTOVER_AGE_MS = 60_000

/**
 * Removes the temporary files in `folder` that a killed process left: snapshots are as large as the database, and a
 * process that dies over and over would fill the disk with them. Fails never; what stays is tried again next time.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((name) => TEMPORARY.test(name))) {
    const path = join(folder, name)
    const stats = await stat(path).catch(() => undefined)
    if (stats !== undefined && Date.now() - stats.mtimeMs > LEFTOVER_AGE_MS)
      await rm(path, { force: true }).catch(() => {})
  }
}

import { join } from 'node:path/posix'
import type { SftpSession } from './session.ts'

const TEMPORARY = /\.lz4\.[0-9a-f]{12}\.tmp$/
const ASIDE = /\.[0-9a-f]{12}\.old$/

/** A writer that lives has written to its file since; a snapshot may pause while segments go first. */
const LEFTOVER_AGE_S = 600

/**
 * Removes files in `folder` that a killed process or a broken connection left: snapshots are as large as the database, and
 * a process that dies over and over would fill the disk with them. What was moved aside goes only when its object is there.
 * Fails never; what stays is tried again next time.
 *
 * @param nowS the server's own time in Unix seconds
 */
export async function removeLeftovers(session: SftpSession, folder: string, nowS: number): Promise<void> {
  const entries = await session.list(folder).catch(() => [])
  const names = new Set(entries.map(({ filename }) => filename))
  const isLeft = (name: string) => TEMPORARY.test(name) || (ASIDE.test(name) && names.has(name.replace(ASIDE, '')))
  for (const { filename, attrs } of entries) {
    if (!isLeft(filename) || nowS - attrs.mtime < LEFTOVER_AGE_S) continue
    await session.remove(join(folder, filename)).catch(() => {})
  }
}

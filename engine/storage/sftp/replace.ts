import { randomBytes } from 'node:crypto'
import { STATUS, statusOf } from './errors.ts'
import type { SftpSession } from './session.ts'

/** Another writer of the same object can come between two steps of the fallback; then it is tried again. */
const TRIES = 3

/** What version 3 and what later versions answer when there is something at the new name. */
const EXISTS = [STATUS.FAILURE, 11]

/**
 * Gives a complete file its name, in the place of the object that may have it. That is one step on servers with
 * posix-rename. On others an object that is there is first moved aside, in the same round trip, so that for a moment it
 * is missing, and stays missing if the connection breaks right then: until it is written again, it is in a file `….old`.
 */
export async function replace(session: SftpSession, from: string, to: string): Promise<void> {
  try {
    await session.renameOver(from, to)
  } catch (error) {
    if (statusOf(error) !== STATUS.OP_UNSUPPORTED) throw error
    await replaceInSteps(session, from, to)
  }
}

async function replaceInSteps(session: SftpSession, from: string, to: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await session.rename(from, to)
      return
    } catch (error) {
      if (!EXISTS.includes(statusOf(error) ?? 0) || tries > TRIES) throw error
    }
    if (await swap(session, from, to)) return
  }
}

/** False when nothing was replaced; then the old object is where it was. */
async function swap(session: SftpSession, from: string, to: string): Promise<boolean> {
  const aside = `${to}.${randomBytes(6).toString('hex')}.old`
  const [moved, replaced] = await Promise.allSettled([session.rename(to, aside), session.rename(from, to)])
  if (moved.status === 'fulfilled') {
    // What cannot be removed or moved back here is a leftover.
    const after = replaced.status === 'fulfilled' ? session.remove(aside) : session.rename(aside, to)
    await after.catch(() => {})
  }
  return replaced.status === 'fulfilled'
}

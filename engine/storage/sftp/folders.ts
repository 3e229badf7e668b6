import { dirname } from 'node:path/posix'
import { refusal, STATUS, statusOf } from './errors.ts'
import type { SftpSession } from './session.ts'

/**
 * A new file; the folders to it are made when they are missing.
 * @returns its handle
 */
export async function createFile(session: SftpSession, path: string): Promise<Buffer> {
  try {
    return await session.create(path)
  } catch (error) {
    if (statusOf(error) !== STATUS.NO_SUCH_FILE) throw error
  }
  await makeFolders(session, dirname(path))
  return await session.create(path)
}

/** Like `mkdir -p`. */
async function makeFolders(session: SftpSession, path: string): Promise<void> {
  try {
    await makeFolder(session, path)
  } catch (error) {
    const parent = dirname(path)
    if (statusOf(error) !== STATUS.NO_SUCH_FILE || parent === path) throw error
    await makeFolders(session, parent)
    await makeFolder(session, path)
  }
}

async function makeFolder(session: SftpSession, path: string): Promise<void> {
  try {
    await session.makeFolder(path)
  } catch (error) {
    // Version 3 has no status for what exists, and some servers refuse what they would not have to make.
    const found = await session.stat(path).catch(() => undefined)
    if (found === undefined) throw error
    if (!found.isDirectory()) throw refusal(STATUS.NO_SUCH_FILE, error)
    return
  }
  await syncFolder(session, openForSync(session, dirname(path)))
}

/** A folder that will be synced. Undefined where that cannot be done: many servers open files only. Fails never. */
export async function openForSync(session: SftpSession, path: string): Promise<Buffer | undefined> {
  return session.canSync ? await session.open(path).catch(() => undefined) : undefined
}

/** Waits until the entries of a folder are on the server's disk, as far as the server can do that, and closes it. Fails never. */
export async function syncFolder(session: SftpSession, opened: Promise<Buffer | undefined>): Promise<void> {
  const handle = await opened
  if (handle === undefined) return
  await Promise.allSettled([session.sync(handle), session.close(handle)])
}

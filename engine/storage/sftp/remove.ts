import { join } from 'node:path/posix'
import { throwIfAborted } from '../abort.ts'
import { describeRequest, type SftpRequest, STATUS, sftpError, statusOf } from './errors.ts'
import { Pipeline } from './pipeline.ts'
import type { SftpSession } from './session.ts'

const REMOVALS_IN_FLIGHT = 64

/** Removes files; those that are absent are no error. */
export async function removeFiles(
  session: SftpSession,
  paths: readonly string[],
  request: SftpRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pipeline = new Pipeline(REMOVALS_IN_FLIGHT)
  for (const path of paths) {
    throwIfAborted(signal, describeRequest(request))
    await pipeline.add(() => unlessAbsent(session.remove(path), { ...request, path }))
  }
  await pipeline.drain()
}

/** Removes a folder and all that is in it; links are removed, not followed. */
export async function removeTree(
  session: SftpSession,
  path: string,
  request: SftpRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal, describeRequest(request))
  const entries = (await unlessAbsent(session.list(path), { ...request, path })) ?? []
  const [folders, files] = [true, false].map((isFolder) =>
    entries.filter(({ attrs }) => attrs.isDirectory() === isFolder).map(({ filename }) => join(path, filename)),
  )
  await removeFiles(session, files ?? [], request, signal)
  for (const folder of folders ?? []) await removeTree(session, folder, request, signal)
  await unlessAbsent(session.removeFolder(path), { ...request, path })
}

async function unlessAbsent<T>(asked: Promise<T>, request: SftpRequest): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (statusOf(error) === STATUS.NO_SUCH_FILE) return undefined
    throw sftpError(error, request)
  }
}

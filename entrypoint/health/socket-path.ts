import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { systemCode } from '../../engine/errors.ts'
import type { Config } from '../config/config.ts'

/** The size of `sun_path` in Linux, without its closing zero byte. macOS has a few bytes less, and says so itself. */
const LONGEST_PATH_BYTES = 107

/** Where health is told when no address is set; undefined without a database and a directory. */
export function defaultSocketPath({
  databases,
  directories,
}: Pick<Config, 'databases' | 'directories'>): string | undefined {
  const [first] = [...databases, ...directories]
  return first === undefined ? undefined : join(first.metaPath, 'wherry.sock')
}

/**
 * Removes the socket of a process that is gone.
 * @returns why no socket can be made there, if that is so
 */
export async function clearSocketPath(path: string): Promise<string | undefined> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES) return `its path is longer than ${LONGEST_PATH_BYTES} bytes`
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (!stat.isSocket()) return 'something else is there'
  if (await isAnswered(path)) return 'another process answers there'
  rmSync(path, { force: true })
  return undefined
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    // Nobody listens, or has removed it just now. Anything else (no rights, a full backlog) is somebody.
    return !['ECONNREFUSED', 'ENOENT'].includes(systemCode(error) ?? '')
  } finally {
    socket.destroy()
  }
}

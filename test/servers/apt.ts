import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { waitUntil } from '../support/wait.ts'

const run = promisify(execFile)

/** How long another apt-get of this machine is waited for. */
const LOCK_TIMEOUT_S = 120

/**
 * Installs a package of the system's, without what it merely recommends: Debian and its kin, as root.
 * @throws Error with what apt-get wrote
 */
export async function aptInstall(name: string): Promise<void> {
  const install = () => aptGet('install', '-y', '--no-install-recommends', name)
  // A fresh machine has no package lists yet, or old ones.
  await install().catch(async () => {
    await updateLists()
    await install()
  })
}

/** apt-get waits for one that installs, but fails when another one updates the lists. */
async function updateLists(): Promise<void> {
  const update = () =>
    aptGet('update').then(
      () => true,
      (error: Error) => {
        if (/Could not get lock/.test(error.message)) return false
        throw error
      },
    )
  await waitUntil('Package lists', update, { timeoutMs: LOCK_TIMEOUT_S * 1000, everyMs: 1000 })
}

/** One of ours at a time. */
async function aptGet(...args: string[]): Promise<void> {
  const command = ['apt-get', '-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, ...args]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  await run('flock', [join(tmpdir(), 'wherry-apt.lock'), ...command], { env, maxBuffer: 64 << 20 })
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Installs a package of the system's, without what it merely recommends: Debian and its kin, as root.
 * @throws Error with what apt-get wrote
 */
export async function aptInstall(name: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const get = () => run('apt-get', ['install', '-y', '--no-install-recommends', name], { env })
  // A fresh machine has no package lists yet, or old ones.
  await get().catch(async () => {
    await run('apt-get', ['update'], { env })
    await get()
  })
}

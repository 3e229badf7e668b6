import { chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StorageWarning } from '../../../../engine/storage/client.ts'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import { type SftpLimits, sftpLimits } from '../../../../engine/storage/sftp/connect.ts'
import { SftpStorage } from '../../../../engine/storage/sftp/storage.ts'
import type { RunningSftp } from '../../../servers/sftp.ts'
import type { Stage } from '../contract.ts'

/** Options for a replica on a test server, with its password and its host key. */
export function sftpOptions(sftp: RunningSftp, changes: Partial<SftpStorageOptions> = {}): SftpStorageOptions {
  const { host, port, user, password, hostKeys } = sftp
  return {
    type: 'sftp',
    host,
    port,
    user,
    path: 'app/db',
    password,
    keyPath: undefined,
    keyPassphrase: undefined,
    agent: undefined,
    hostKey: hostKeys.ed25519,
    knownHostsPath: undefined,
    ...changes,
  }
}

/** A client that is closed with the test. */
export function openSftp(
  t: { after(close: () => Promise<void>): void },
  options: SftpStorageOptions,
  { warn, ...limits }: Partial<SftpLimits> & { warn?: StorageWarning } = {},
): SftpStorage {
  const storage = new SftpStorage(options, warn, { ...sftpLimits, ...limits })
  t.after(() => storage.close())
  return storage
}

/** Every file below a folder of this machine, relative to it, in order; none when it is absent. */
export async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return files.map((file) => join(file.parentPath, file.name).slice(root.length + 1)).sort()
}

/** A client with an own path on the server, and what the test does beside it. */
export function sftpStage(sftp: RunningSftp, options: SftpStorageOptions): Stage {
  const root = join(sftp.home, options.path)
  return {
    client: new SftpStorage(options),
    put: async (key, body) => {
      const path = join(root, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, body)
      for (let at = path; at !== sftp.home; at = dirname(at)) await chown(at, sftp.uid, -1)
    },
    keys: () => filesBelow(root),
    unfinished: async () => {
      // One of these was put there by the contract.
      const found = await filesBelow(root)
      return found.filter((name) => /\.(tmp|old)$/.test(name) && !name.includes('.abcdef012345.tmp'))
    },
  }
}

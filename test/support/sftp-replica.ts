import type { RunningSftp } from '../servers/sftp.ts'
import type { Settings } from './replication.ts'

/** The keys of a replica in `path` of the server, with password and host key, as the configuration file has them. */
export function sftpReplica({ host, port, user, password, hostKeys }: RunningSftp, path: string) {
  // Litestream knows no host keys, and passes the key over.
  return {
    type: 'sftp',
    host: `${host}:${port}`,
    user,
    password,
    path,
    'host-key': hostKeys.ed25519,
  } satisfies Settings
}

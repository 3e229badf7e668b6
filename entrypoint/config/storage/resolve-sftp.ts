import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { SftpStorageOptions } from '../../../engine/storage/options.ts'
import { absolutePath, secretPath } from '../paths.ts'
import type { ReplicaSection } from '../replica-keys.ts'
import { keyPrefix } from '../replica-url.ts'

const DEFAULT_PORT = 22

/** @throws WherryError ERR_CONFIG */
export function resolveSftp(section: ReplicaSection): SftpStorageOptions {
  const { values, error } = section
  const { user, 'key-path': keyPath, 'key-passphrase': keyPassphrase, 'known-hosts': knownHosts } = values
  const place = hostAndPort(section)
  if (!user) throw error(undefined, 'an sftp replica needs user')
  // It is shown, and no system has such a user.
  if (user.includes(':')) throw error('user', 'a user has no ":"; a password goes into password')
  if (keyPassphrase !== undefined && keyPath === undefined) {
    throw error('key-passphrase', 'key-passphrase is set without key-path')
  }
  return {
    type: 'sftp',
    ...place,
    user,
    path: keyPrefix(values.path ?? ''),
    password: values.password,
    keyPath: keyPath === undefined ? undefined : secretPath(keyPath, (message) => error('key-path', message)),
    keyPassphrase,
    agent: values.agent,
    hostKey: hostKey(section),
    knownHostsPath: knownHosts === undefined ? defaultKnownHosts() : absolutePath(knownHosts),
  }
}

/** As Litestream reads it: an IPv6 address without a port may stand without brackets. */
function hostAndPort({ values: { host: text }, error }: ReplicaSection): { host: string; port: number } {
  if (!text) throw error(undefined, 'an sftp replica needs host, or url')
  const [, ipv6, name, digits] = /^(?:\[([\da-f:.]+)\]|([^:[\]/@\s]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = ipv6 ?? name ?? (/^[\da-f:.]+$/i.test(text) ? text : undefined)
  const port = Number(digits ?? DEFAULT_PORT)
  if (host !== undefined && port > 0 && port <= 65_535) return { host, port }
  if (text.includes('@')) {
    throw error('host', 'it has a user in it; set user and password, and write it like backup.example.com:22')
  }
  throw error('host', `"${text}" is not a host; write it like backup.example.com or 192.0.2.1:2222`)
}

function hostKey({ values: { 'host-key': text }, error }: ReplicaSection): string | undefined {
  if (text === undefined || /^(?:SHA256:[A-Za-z\d+/]{43}=?|\w[\w@.-]* +[A-Za-z\d+/]+=*(?: .*)?)$/.test(text))
    return text
  throw error('host-key', 'it is not a host key; write it like "ssh-ed25519 AAAA..." or "SHA256:..."')
}

function defaultKnownHosts(): string | undefined {
  try {
    const path = join(userInfo().homedir, '.ssh', 'known_hosts')
    return existsSync(path) ? path : undefined
  } catch {
    // Our uid has no passwd entry, as with arbitrary uids in containers.
    return undefined
  }
}

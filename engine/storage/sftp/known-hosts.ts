import { createHmac, timingSafeEqual } from 'node:crypto'

/** One key of a `known_hosts` file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  /** 1 for the first. */
  readonly line: number
  readonly marker: '@revoked' | '@cert-authority' | undefined
  /** Comma list of patterns, or one hashed name. */
  readonly hosts: string
  /** `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string
  readonly key: Buffer
}

/** The keys in the text of a `known_hosts` file. Lines that cannot be read are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const fields = line.trim().split(/\s+/)
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
    const [hosts, type, base64] = fields
    if (hosts === undefined || hosts === '' || hosts.startsWith('#')) return []
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return []
    const key = type === undefined || base64 === undefined ? undefined : decodeKey(type, base64)
    return key === undefined || type === undefined ? [] : [{ line: index + 1, marker, hosts, type, key }]
  })
}

/** The key's bytes; undefined when they are no base64, or not of this type (RFC 4253, section 6.6: the type comes first). */
export function decodeKey(type: string, base64: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  const key = Buffer.from(base64, 'base64')
  return keyType(key) === type ? key : undefined
}

/** The type that stands in a key, or empty. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return ''
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0))
}

/** The entries for a host. One on another port than 22 has the name `[host]:port`. */
export function entriesFor(entries: readonly KnownHost[], host: string, port: number): KnownHost[] {
  const name = host.toLowerCase()
  return entries.filter((entry) => matches(entry.hosts, port === 22 ? name : `[${name}]:${port}`))
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name)
  const patterns = hosts.toLowerCase().split(',')
  const hits = (pattern: string) => toRegExp(pattern).test(name)
  const refused = patterns.some((pattern) => pattern.startsWith('!') && hits(pattern.slice(1)))
  return !refused && patterns.some((pattern) => !pattern.startsWith('!') && hits(pattern))
}

/** `|1|SALT|HASH`, where HASH is the HMAC-SHA1 of the name with SALT as key. */
function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** `*` and `?` are wildcards; brackets stand for themselves. */
function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`)
}

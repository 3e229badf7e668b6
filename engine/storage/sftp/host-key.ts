import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { messageOf, WherryError } from '../../errors.ts'
import type { SftpStorageOptions } from '../options.ts'
import { decodeKey, entriesFor, type KnownHost, keyType, parseKnownHosts } from './known-hosts.ts'

/** What is known of a server's host key before it shows it. */
export interface ExpectedHostKey {
  /** Where from, as messages tell it: `host-key`, or the file's path. Undefined: nothing is known. */
  readonly source: string | undefined
  /** Key types to ask the server for first: it may have several keys, and shows only one. */
  readonly types: readonly string[]
  /** `TYPE FINGERPRINT`, or the fingerprint alone, of what is expected. */
  readonly fingerprints: readonly string[]
  readonly judge: (key: Buffer) => 'trusted' | 'revoked' | 'wrong' | 'unknown'
}

/** `SHA256:…` as OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** `TYPE SHA256:…`. */
export function describeKey(key: Buffer): string {
  return `${keyType(key)} ${fingerprint(key)}`
}

/**
 * From `hostKey`, else from the file of known hosts.
 * @throws WherryError ERR_CONFIG for a `hostKey` in neither of its forms; ERR_STORAGE_LOCAL for a file that cannot be read
 */
export async function expectedHostKey(options: SftpStorageOptions): Promise<ExpectedHostKey> {
  const { hostKey, knownHostsPath, host, port } = options
  if (hostKey !== undefined) return parseHostKey(hostKey)
  if (knownHostsPath === undefined) return NOTHING
  return fromKnownHosts(parseKnownHosts(await readKnownHosts(knownHostsPath)), knownHostsPath, host, port)
}

const NOTHING: ExpectedHostKey = { source: undefined, types: [], fingerprints: [], judge: () => 'unknown' }

/** @throws WherryError ERR_CONFIG when it is neither `TYPE BASE64` nor `SHA256:…` */
export function parseHostKey(text: string): ExpectedHostKey {
  const [type = '', base64] = text.trim().split(/\s+/)
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(type)) {
    const expected = type.replace(/=$/, '')
    const judge = (key: Buffer) => (fingerprint(key) === expected ? 'trusted' : 'wrong')
    return { source: 'host-key', types: [], fingerprints: [expected], judge }
  }
  const expected = base64 === undefined ? undefined : decodeKey(type, base64)
  if (expected === undefined) {
    const advice = 'it must be TYPE BASE64, as ssh-keyscan prints it after the host, or SHA256:FINGERPRINT'
    throw new WherryError('ERR_CONFIG', `host-key "${type} …" cannot be read: ${advice}`)
  }
  const judge = (key: Buffer) => (key.equals(expected) ? 'trusted' : 'wrong')
  return { source: 'host-key', types: [type], fingerprints: [describeKey(expected)], judge }
}

async function readKnownHosts(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const text = `Cannot read the known hosts in ${path}: ${messageOf(error)} (correct known-hosts, or set host-key)`
    throw new WherryError('ERR_STORAGE_LOCAL', text, { cause: error })
  }
}

/**
 * A server on another port than 22 without an entry of its own is also trusted with a key of the plain host name, as OpenSSH
 * does; such an entry refuses nothing. Certificates of hosts are not supported, so that authorities are no entries.
 */
export function fromKnownHosts(
  entries: readonly KnownHost[],
  path: string,
  host: string,
  port: number,
): ExpectedHostKey {
  const own = entriesFor(entries, host, port)
  const plain = port === 22 ? own : entriesFor(entries, host, 22)
  const revoked = [...own, ...plain].filter(({ marker }) => marker === '@revoked')
  const keysOf = (found: KnownHost[]) => found.filter(({ marker }) => marker === undefined)
  const [expected, fallback] = [keysOf(own), keysOf(plain)]
  const wanted = expected.length > 0 ? expected : fallback
  return {
    source: path,
    types: [...new Set(wanted.map(({ type }) => type))],
    fingerprints: expected.map(({ key, line }) => `${describeKey(key)} (line ${line})`),
    judge: (key) => {
      const isIn = (list: readonly KnownHost[]) => list.some((entry) => entry.key.equals(key))
      if (isIn(revoked)) return 'revoked'
      if (isIn(wanted)) return 'trusted'
      return expected.length > 0 ? 'wrong' : 'unknown'
    },
  }
}

/** The refusal of a host key, with what was seen, what was expected and where that stands. */
export function hostKeyError(server: string, key: Buffer, expected: ExpectedHostKey): WherryError {
  const seen = `The host key of ${server} is ${describeKey(key)}`
  const { source, fingerprints } = expected
  const text =
    expected.judge(key) === 'revoked'
      ? `${seen}, which is revoked in ${source}: somebody may be between this machine and the server`
      : `${seen}, but ${source} expects ${fingerprints.join(' or ')}: correct ${source} if the server has a new key, ` +
        'otherwise somebody may be between this machine and the server'
  return new WherryError('ERR_STORAGE_DENIED', text)
}

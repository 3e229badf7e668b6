import { posix } from 'node:path'

const KEPT_AS_WRITTEN = /^[\w\-.~!$&'()*+,;=:@/[\]%]*$/
const UNESCAPED = /[\w\-.~$&+,/:;=@]/

/**
 * The path that Litestream takes from a file URL. It is not decoded but the URL's own text without the scheme: a host is
 * its first folder, a query is part of its name, and characters that have no place in a URL are in their escaped form. Odd,
 * but the replica has to be found where Litestream put it.
 */
export function filePathOfUrl(authority: string, path: string, queryAndFragment: string): string {
  // "file:a/b", without a slash, is a relative path as it stands.
  if (authority === '' && !path.startsWith('/')) return path + queryAndFragment
  const [, query = '', fragment = ''] = /^([^#]*)(.*)$/s.exec(queryAndFragment) ?? []
  const cleaned = posix.normalize(`/${authority}/${escapePath(path)}${query}${escapePath(fragment, '#')}`)
  return cleaned.length > 1 ? cleaned.replace(/\/$/, '') : cleaned
}

/** Go's url.URL.EscapedPath: the text as written when it is a valid encoding, else every unusual character escaped. */
function escapePath(text: string, head = ''): string {
  const path = text.slice(head.length)
  const escaped = KEPT_AS_WRITTEN.test(path)
    ? path
    : [...Buffer.from(decodeURIComponent(path))].map(escapeByte).join('')
  return text.slice(0, head.length) + escaped
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return UNESCAPED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

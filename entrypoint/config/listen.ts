import { absolutePath } from './paths.ts'

/** Where an HTTP server listens. */
export type ListenAddress =
  /** Without a host: on all of them. */
  { readonly host: string | undefined; readonly port: number } | { readonly path: string }

const HOST_AND_PORT = /^(?:\[([\da-f:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/i

/**
 * `HOST:PORT` (an IPv6 address in brackets), `:PORT`, or `unix:PATH`; undefined for any other text. Port 0 is any that is free.
 * @throws WherryError ERR_CONFIG when `~` is used and our uid has no passwd entry
 */
export function parseListen(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) return text === 'unix:' ? undefined : { path: absolutePath(text.slice('unix:'.length)) }
  const [, ipv6, name, digits] = HOST_AND_PORT.exec(text) ?? []
  const port = Number(digits)
  return digits === undefined || port > 65_535 ? undefined : { host: ipv6 ?? (name || undefined), port }
}

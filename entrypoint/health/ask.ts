import { get, type IncomingMessage, type RequestOptions } from 'node:http'
import type { ListenAddress } from '../config/listen.ts'

/** No report is near this; something else might send without end. */
const BODY_CHARACTERS = 1 << 20

export interface Reply {
  readonly status: number
  readonly body: string
}

/** Where a server that listens at `address` can be asked from the same machine, in the order to try. */
export function targetsOf(address: ListenAddress): RequestOptions[] {
  if ('path' in address) return [{ socketPath: address.path }]
  const { host, port } = address
  return hostsOf(host).map((name) => ({ host: name, port }))
}

function hostsOf(host: string | undefined): string[] {
  if (host === undefined || host === '0.0.0.0') return ['127.0.0.1']
  // Where IPv6 is turned off, a server on all interfaces has IPv4 ones only.
  return host === '::' ? ['::1', '127.0.0.1'] : [host]
}

/**
 * GETs a path from the first target that answers at all.
 * @throws the last target's error; an AbortError when `signal` aborts
 */
export async function ask(targets: readonly RequestOptions[], path: string, signal: AbortSignal): Promise<Reply> {
  let failure: unknown
  for (const target of targets) {
    try {
      return await getFrom({ ...target, path, signal, agent: false })
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function getFrom(options: RequestOptions): Promise<Reply> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(options, resolve).on('error', reject)
  })
  let body = ''
  for await (const text of response.setEncoding('utf8')) {
    body += text
    if (body.length > BODY_CHARACTERS) break
  }
  return { status: response.statusCode ?? 0, body }
}

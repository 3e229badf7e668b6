import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

const FORBIDDEN = JSON.stringify({ error: { code: 403, errors: [{ reason: 'forbidden' }] } })

/** A request that went through, and the status of its answer. */
export interface Recorded {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly contentLength: number
  readonly range: string | undefined
  status: number
}

/** An HTTP way to a server that writes down what is asked of it. */
export interface RecordingProxy {
  readonly endpoint: string
  readonly recorded: Recorded[]
  /** Names of objects whose upload session was begun and neither finished nor ended. */
  unfinished(): string[]
  close(): Promise<void>
}

/**
 * Also requests to upload sessions, whose address the server gives, come here.
 * @param mayPass false for a request that is refused as one without the right
 */
export async function startRecordingProxy(
  target: string,
  mayPass: (what: Recorded) => boolean = () => true,
): Promise<RecordingProxy> {
  const recorded: Recorded[] = []
  const sessions = new Map<string, string>()
  const { origin, close } = await listen(createServer((incoming, outgoing) => forward(incoming, outgoing)))

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = new URL(incoming.url ?? '', target)
    const what = describe(incoming, url)
    recorded.push(what)
    if (!mayPass(what)) {
      what.status = 403
      incoming.resume().on('end', () => outgoing.writeHead(403).end(FORBIDDEN))
      return
    }
    const upstream = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      what.status = answer.statusCode ?? 0
      follow(what, answer.headers.location)
      const location = answer.headers.location?.replace(target, origin)
      outgoing.writeHead(what.status, { ...answer.headers, ...(location === undefined ? {} : { location }) })
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }

  function follow({ method, query, status }: Recorded, location: string | undefined): void {
    const id = query.get('upload_id')
    if (location !== undefined)
      sessions.set(new URL(location).searchParams.get('upload_id') ?? '', query.get('name') ?? '')
    if (id !== null && (method === 'DELETE' || (method === 'PUT' && status === 200))) sessions.delete(id)
  }

  return { endpoint: origin, recorded, unfinished: () => [...sessions.values()], close }
}

function describe(incoming: IncomingMessage, url: URL): Recorded {
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    contentLength: Number(incoming.headers['content-length'] ?? 0),
    range: incoming.headers['content-range'],
    status: 0,
  }
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { ListenOptions, Socket } from 'node:net'
import { answer, type HealthSource } from './routes.ts'

/** How long a client may take for its request, and connections that send nothing are kept. */
const REQUEST_MS = 5000
/** A probe has a handful of headers. */
const HEADERS_BYTES = 8192
/** Probes are few: where there are more the oldest is closed, so that nobody can keep them all out. */
const CONNECTIONS = 100

/** An HTTP server that listens. It does not keep the process alive. */
export interface HealthServer {
  /** `HOST:PORT`, or `unix:PATH`. */
  readonly address: string
  /** Ends all connections. Safe to call twice. */
  close(): Promise<void>
}

/** @throws the system's error when it cannot listen there */
export async function serve(source: HealthSource, where: ListenOptions): Promise<HealthServer> {
  const server = createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: REQUEST_MS,
      maxHeaderSize: HEADERS_BYTES,
    },
    (request, response) => void respond(request, response, source),
  )
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const [oldest] = open
    if (open.size > CONNECTIONS) oldest?.destroy()
  })
  server.listen(where)
  await once(server, 'listening')
  server.unref()
  return {
    address: addressOf(server),
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, source: HealthSource): Promise<void> {
  const { status, type, body, allow } = await answer(request.method ?? '', request.url ?? '', source)
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    // A body that trickles in after the answer is cut off with the connection.
    connection: 'close',
    ...(allow === undefined ? {} : { allow }),
  })
  response.end(body)
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return `unix:${address}`
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}

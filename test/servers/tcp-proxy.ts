import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

export interface ProxyOptions {
  /** Speak TLS to clients, with this certificate. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

/** A way to a server that can be broken, and that counts. */
export interface TcpProxy {
  readonly port: number
  /** Connections so far. */
  readonly connections: number
  /** From now on every connection is reset once it has carried this many bytes from the server. */
  cutAfter(bytes: number): void
  /** Closes the connections that there are. */
  dropAll(): void
  close(): Promise<void>
}

/** Listens on loopback and passes all bytes to and from `targetPort`. */
export async function startProxy(targetPort: number, { tls }: ProxyOptions = {}): Promise<TcpProxy> {
  let limit = Number.POSITIVE_INFINITY
  let connections = 0
  const open = new Set<Socket>()
  const serve = (client: Socket) => {
    connections += 1
    const target = connect(targetPort, '127.0.0.1')
    let carried = 0
    target.on('data', (chunk) => {
      carried += chunk.length
      if (carried > limit) client.resetAndDestroy()
    })
    join(client, target)
    join(target, client)
    open.add(client)
    client.on('close', () => open.delete(client))
  }
  const dropAll = () => {
    for (const client of open) client.destroy()
  }
  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A listening server has no port')
  return {
    port: address.port,
    get connections() {
      return connections
    },
    cutAfter: (bytes) => {
      limit = bytes
    },
    dropAll,
    close: async () => {
      dropAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

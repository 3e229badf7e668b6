import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A way to an HTTP server that can answer in its place. */
export interface HttpWay {
  readonly port: number
  /** From now on every request is answered with this status; undefined: passed on. */
  answer(status: number | undefined): void
}

/** Passes requests on to `targetPort` as they are: signatures cover the name of the host that was asked. */
export async function httpWay(t: TestContext, targetPort: number): Promise<HttpWay> {
  let status: number | undefined
  const server = createServer((incoming, outgoing) => {
    if (status === undefined) pass(incoming, outgoing, targetPort)
    else outgoing.writeHead(status, { connection: 'close' }).end()
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    answer: (wanted) => {
      status = wanted
    },
  }
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const { method, url, rawHeaders } = incoming
  const target = { host: '127.0.0.1', port, method, path: url, headers: rawHeaders, setHost: false }
  const onward = request(target, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
}

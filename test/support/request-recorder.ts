import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface RecordedRequest {
  readonly url: URL
  readonly authorization: string
}

/** An HTTP server and proxy on loopback that finds nothing, and remembers what it was asked for. Lets no TLS through. */
export class RequestRecorder {
  readonly requests: RecordedRequest[] = []
  readonly #server = createServer(({ url = '', headers }, response) => {
    this.requests.push({ url: new URL(url, `http://${headers.host}`), authorization: headers.authorization ?? '' })
    const body = '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>'
    response.writeHead(404, { 'content-type': 'application/xml' }).end(body)
  })

  /** Ends with the test. */
  static async start(t: TestContext): Promise<RequestRecorder> {
    const recorder = new RequestRecorder()
    const server = recorder.#server
    server.on('connect', (_: IncomingMessage, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    return recorder
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Variables that send a program's requests here. */
  get proxyVariables(): Record<string, string> {
    const proxy = `http://127.0.0.1:${this.port}`
    return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: '' }
  }
}

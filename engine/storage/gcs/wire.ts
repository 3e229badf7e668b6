import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http'
import { Agent as HttpsAgent, request as secureRequest } from 'node:https'

/** How long things may take. Tests shorten them. */
export interface WireLimits {
  readonly connectMs: number
  /** Longest silence in a request or its answer. */
  readonly silenceMs: number
  /** For a request and its whole answer, apart from what {@link LEAST_RATE} gives its body. */
  readonly wholeMs: number
  /** Before a request is sent again. */
  readonly pauseMs: number
}

export const LIMITS: WireLimits = { connectMs: 5000, silenceMs: 30_000, wholeMs: 60_000, pauseMs: 500 }

/** A body that travels more slowly than this, in bytes a second, is given up. 8 MiB then take 9 minutes. */
const LEAST_RATE = 16 << 10

/** Unused connections are closed after this, before a NAT gateway forgets them and the next upload has to find out. */
const IDLE_CONNECTION_MS = 60_000
/** Beyond {@link IDLE_CONNECTION_MS}, so that idle means silent: Node's default probes idle connections every second. */
const TCP_PROBE_MS = 120_000

/** Beyond any answer that is read whole: a page of a list has at most 1,000 names. */
const MAX_ANSWER_BYTES = 16 << 20

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** An answer that was read whole. */
export interface WireAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/**
 * Sends HTTP requests, over connections that are kept. Any answer is a success here; what is thrown is a broken connection,
 * a limit that was hit (`ETIMEDOUT`), or an abort, which really ends the request: its connection is closed.
 */
export class Wire {
  readonly #limits: WireLimits
  readonly #plain: HttpAgent
  readonly #secure: HttpsAgent

  /** @param useProxy as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say */
  constructor(limits: WireLimits, useProxy: boolean) {
    this.#limits = limits
    const shared = {
      keepAlive: true,
      keepAliveMsecs: TCP_PROBE_MS,
      timeout: IDLE_CONNECTION_MS,
      maxSockets: 50,
      ...(useProxy ? { proxyEnv: process.env } : {}),
    }
    this.#plain = new HttpAgent(shared)
    this.#secure = new HttpsAgent(shared)
  }

  /** Resolves with the whole answer. */
  async ask(what: WireRequest, signal: AbortSignal | undefined): Promise<WireAnswer> {
    const { sent, end } = this.#send(what, signal)
    const wholeMs = this.#limits.wholeMs + ((what.body?.length ?? 0) / LEAST_RATE) * 1000
    const timer = setTimeout(() => end(timedOut('the whole answer')), wholeMs)
    try {
      const answer = await head(sent)
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) }
    } finally {
      clearTimeout(timer)
      // The answer can come before all is sent, then it is a refusal.
      if (!sent.writableFinished) sent.destroy()
    }
  }

  /** Resolves with the beginning of the answer; whoever gets it reads its body or destroys it. */
  async open(what: WireRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    return await head(this.#send(what, signal).sent)
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  #send({ method, url, headers, body }: WireRequest, signal: AbortSignal | undefined): Exchange {
    const options = {
      method,
      headers: { ...headers, ...(method === 'GET' ? {} : { 'content-length': body?.length ?? 0 }) },
      ...(signal === undefined ? {} : { signal }),
    }
    const isSecure = url.protocol === 'https:'
    const sent = isSecure
      ? secureRequest(url, { ...options, agent: this.#secure })
      : request(url, { ...options, agent: this.#plain })
    let answer: IncomingMessage | undefined
    const end = (error: Error) => (answer ?? sent).destroy(error)
    sent.once('response', (begun) => {
      answer = begun
    })
    // For the whole life of the request: a connection that breaks after the answer began is told here once more.
    sent.on('error', () => {})
    sent.setTimeout(this.#limits.silenceMs, () => end(timedOut('the next byte')))
    this.#limitConnecting(sent, isSecure ? 'secureConnect' : 'connect')
    sent.end(body)
    return { sent, end }
  }

  #limitConnecting(sent: ClientRequest, connected: string): void {
    sent.once('socket', (socket) => {
      if (!socket.connecting) return
      const timer = setTimeout(() => sent.destroy(timedOut('a connection')), this.#limits.connectMs)
      for (const event of [connected, 'close']) socket.once(event, () => clearTimeout(timer))
    })
  }
}

/** A request under way, and what ends it with an error, its answer too. */
interface Exchange {
  readonly sent: ClientRequest
  readonly end: (error: Error) => void
}

/** The beginning of the answer. */
function head(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', (error) => reject(wasStale(sent, error) ? new StaleConnectionError(error) : error))
  })
}

/** A kept connection that the server had closed in the meantime. */
export class StaleConnectionError extends Error {
  readonly code = 'ECONNRESET'

  constructor(cause: Error) {
    super('A kept connection was closed by the server', { cause })
    this.name = 'StaleConnectionError'
  }
}

function wasStale(sent: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function timedOut(what: string): Error {
  return Object.assign(new Error(`Waited too long for ${what}`), { code: 'ETIMEDOUT' })
}

/** @throws Error ERR_TOO_LARGE; else as the connection breaks */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) throw Object.assign(new Error('The answer is too large'), { code: 'ERR_TOO_LARGE' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

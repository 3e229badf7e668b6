import { type AgentOptions, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'

const CONNECT_TIMEOUT_MS = 5000
/** Longest silence in a request or its answer; an unused connection is closed after as long. */
const SILENCE_TIMEOUT_MS = 30_000
/** Beyond {@link SILENCE_TIMEOUT_MS}, so that idle means silent: Node's default probes idle connections every second. */
const TCP_PROBE_MS = 120_000

/** Connections to one service, kept for the next request. */
export interface AbsAgent {
  readonly agent: HttpAgent | HttpsAgent
  /** Closes the connections. */
  destroy(): void
}

/**
 * The SDK has no time limit that notices silence, so the sockets have it. Limits of a whole request would be no use: a
 * block may take minutes on a slow line.
 */
export function createAgent(serviceUrl: string): AbsAgent {
  const options: AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: TCP_PROBE_MS,
    timeout: SILENCE_TIMEOUT_MS,
    maxSockets: 50,
  }
  const agent = serviceUrl.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (settings, done) => {
    // The settings' timeout is the one for connecting; the agent sets its own when the socket is given to a request.
    const socket = connect({ ...settings, timeout: CONNECT_TIMEOUT_MS }, done)
    if (socket) limitSilence(socket as Socket)
    return socket
  }
  return { agent, destroy: () => agent.destroy() }
}

function limitSilence(socket: Socket): void {
  socket.once('connect', () => socket.setTimeout(SILENCE_TIMEOUT_MS))
  socket.on('timeout', () => {
    const what = socket.connecting ? 'no connection within' : 'silent for'
    const limitMs = socket.connecting ? CONNECT_TIMEOUT_MS : SILENCE_TIMEOUT_MS
    socket.destroy(new SilenceError(`${what} ${limitMs / 1000} s`))
  })
}

/** Its code is not one that the SDK tries again: a second silence would be as long. */
class SilenceError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

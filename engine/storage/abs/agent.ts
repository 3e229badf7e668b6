import { type AgentOptions, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'

/** Beyond the limit of silence, so that idle means silent: Node's default probes idle connections every second. */
const TCP_PROBE_MS = 120_000

export interface AgentLimits {
  readonly connectMs: number
  /** Longest silence in a request or its answer; an unused connection is closed after as long. */
  readonly silenceMs: number
}

const LIMITS: AgentLimits = { connectMs: 5000, silenceMs: 30_000 }

/**
 * Connections to one service, kept for the next request. The SDK has no time limit that notices silence, so the sockets
 * have it: a limit for a whole request would be no use, since a block may take minutes on a slow line.
 */
export function createAgent(serviceUrl: string, limits: AgentLimits = LIMITS): HttpAgent | HttpsAgent {
  const options: AgentOptions = {
    keepAlive: true,
    keepAliveMsecs: TCP_PROBE_MS,
    timeout: limits.silenceMs,
    maxSockets: 50,
  }
  const agent = serviceUrl.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (settings, done) => {
    const socket = connect({ ...settings, timeout: limits.connectMs }, done)
    if (socket) limitSilence(socket as Socket, limits)
    return socket
  }
  return agent
}

function limitSilence(socket: Socket, { connectMs, silenceMs }: AgentLimits): void {
  socket.once('connect', () => socket.setTimeout(silenceMs))
  socket.on('timeout', () => {
    const what = socket.connecting ? `no connection within ${connectMs}` : `silent for ${silenceMs}`
    socket.destroy(new SilenceError(`${what} ms`))
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

import { messageOf, WherryError } from '../../engine/errors.ts'
import { onlyArgument, parseCommandLine } from '../cli/command-line.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { formatDuration, parseDuration } from '../config/duration.ts'
import { type ListenAddress, parseListen } from '../config/listen.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { ask, type Reply, targetsOf } from '../health/ask.ts'
import { defaultSocketPath } from '../health/socket-path.ts'

const OK = 0
const NOT_OK = 1
/** EX_UNAVAILABLE. */
const NO_ANSWER = 69

const DEFAULT_TIMEOUT_MS = 3000

const commandLine = {
  name: 'health',
  about:
    'Asks the Wherry that runs with the same configuration, or at ADDRESS, whether it is ready. Prints why it is not. Ends\n' +
    'with 0 for yes, 1 for no, 69 when nothing answers.',
  forms: ['', 'ADDRESS'],
  flags: {
    ...configFlags,
    live: { kind: 'boolean', doc: 'Ask whether it is alive, which it is while it starts, too' },
    timeout: {
      kind: 'text',
      value: 'DURATION',
      doc: `How long to wait; ${formatDuration(DEFAULT_TIMEOUT_MS)} by default`,
    },
  },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags, rest } = parsed
  const timeoutMs = timeoutOf(flags.timeout)
  const address = rest.length === 0 ? await configuredAddress(flags, context) : givenAddress(rest)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const reply = await ask(targetsOf(address), flags.live ? '/livez' : '/readyz', signal)
    context.stdout.write(`${linesOf(reply, flags.live).join('\n')}\n`)
    return reply.status === 200 ? OK : NOT_OK
  } catch (error) {
    const why = signal.aborted ? `not within ${formatDuration(timeoutMs)}` : messageOf(error)
    context.stderr.write(`nothing answers at ${textOf(address)}: ${why}\n`)
    return NO_ANSWER
  }
}

function timeoutOf(text: string | undefined): number {
  const ms = text === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(text)
  if (ms !== undefined && ms > 0) return Math.ceil(ms)
  throw new WherryError('ERR_USAGE', `"${text}" for -timeout is not a duration above 0, like 3s`)
}

function givenAddress(rest: readonly string[]): ListenAddress {
  const text = onlyArgument(rest, 'ADDRESS')
  const address = parseListen(text)
  if (address !== undefined) return address
  throw new WherryError('ERR_USAGE', `"${text}" is not an address like :9090, 127.0.0.1:9090 or unix:/run/wherry.sock`)
}

async function configuredAddress(flags: Parameters<typeof loadConfig>[0], { env }: Context): Promise<ListenAddress> {
  const config = await loadConfig(flags, env)
  const { listen } = config.supervisor
  const path = defaultSocketPath(config)
  const address = listen === undefined ? path && { path } : parseListen(listen)
  if (address) return address
  throw new WherryError('ERR_CONFIG', 'The configuration has neither listen nor a database: there is nothing to ask')
}

/** What is to be told of a reply: why it is no, one reason a line. */
function linesOf({ status, body }: Reply, isLive: boolean): string[] {
  if (status === 200) return [isLive ? 'live' : 'ready']
  const reasons = reasonsOf(body)
  return reasons.length === 0 ? [`the answer was ${status}, and no reason was told`] : reasons
}

function reasonsOf(body: string): string[] {
  try {
    const { reasons } = JSON.parse(body) as { reasons?: unknown }
    return Array.isArray(reasons) ? reasons.map(String) : []
  } catch {
    // Something else listens there.
    return []
  }
}

function textOf(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`
  const { host = '', port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

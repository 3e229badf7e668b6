import { messageOf, WherryError } from '../../engine/errors.ts'
import { onlyArgument } from '../cli/command-line.ts'
import type { FlagTable, FlagValues } from '../cli/flags.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { formatDuration, parseDuration } from '../config/duration.ts'
import { type ListenAddress, parseListen } from '../config/listen.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { ask, type Reply, targetsOf } from '../health/ask.ts'
import { defaultSocketPath } from '../health/socket-path.ts'

const DEFAULT_TIMEOUT_MS = 3000

/** The exit status when nothing answers: EX_UNAVAILABLE. */
export const NO_ANSWER = 69

/** The forms of the arguments of a command that asks a running Wherry. */
export const runningForms = ['', 'ADDRESS'] as const

/** The flags of a command that asks a running Wherry. */
export const runningFlags = {
  ...configFlags,
  timeout: {
    kind: 'text',
    value: 'DURATION',
    doc: `How long to wait; ${formatDuration(DEFAULT_TIMEOUT_MS)} by default`,
  },
} as const satisfies FlagTable

/**
 * Asks the Wherry that runs with the same configuration, or at the address that is given.
 * @returns the reply and where it came from; undefined when nothing answers, which stderr was told
 * @throws WherryError ERR_USAGE, ERR_CONFIG
 */
export async function askRunning(
  path: string,
  flags: FlagValues<typeof runningFlags>,
  rest: readonly string[],
  context: Context,
): Promise<{ readonly reply: Reply; readonly address: string } | undefined> {
  const timeoutMs = timeoutOf(flags.timeout)
  const address = rest.length === 0 ? await configuredAddress(flags, context) : givenAddress(rest)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return { reply: await ask(targetsOf(address), path, signal), address: textOf(address) }
  } catch (error) {
    const why = signal.aborted ? `not within ${formatDuration(timeoutMs)}` : messageOf(error)
    context.stderr.write(`nothing answers at ${textOf(address)}: ${why}\n`)
    return undefined
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

function textOf(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`
  const { host = '', port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

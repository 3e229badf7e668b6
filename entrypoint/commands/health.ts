import { parseCommandLine } from '../cli/command-line.ts'
import type { Context } from '../context.ts'
import type { Reply } from '../health/ask.ts'
import { printable } from '../log-format.ts'
import { askRunning, NO_ANSWER, runningFlags, runningForms } from './running.ts'

const OK = 0
const NOT_OK = 1

const commandLine = {
  name: 'health',
  about:
    'Asks the Wherry that runs with the same configuration, or at ADDRESS, whether it is ready. Prints why it is not. Ends\n' +
    'with 0 for yes, 1 for no, 69 when nothing answers.',
  forms: runningForms,
  flags: {
    ...runningFlags,
    live: { kind: 'boolean', doc: 'Ask whether it is alive, which it is while it starts, too' },
  },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags, rest } = parsed
  const answer = await askRunning(flags.live ? '/livez' : '/readyz', flags, rest, context)
  if (answer === undefined) return NO_ANSWER
  const { reply } = answer
  context.stdout.write(`${linesOf(reply, flags.live).join('\n')}\n`)
  return reply.status === 200 ? OK : NOT_OK
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
    return Array.isArray(reasons) ? reasons.map((reason) => printable(String(reason))) : []
  } catch {
    // Something else listens there.
    return []
  }
}

import { messageOf, WherryError } from '../engine/errors.ts'
import { Logger } from '../engine/log.ts'
import { findCommand } from './commands.ts'
import type { Context } from './context.ts'
import { exitStatus, exitStatuses } from './exit-codes.ts'

/** Flags that stand for commands. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['-h', 'help'],
  ['-help', 'help'],
  ['--help', 'help'],
  ['-version', 'version'],
  ['--version', 'version'],
])

/**
 * Runs the command that the first argument names. An error is logged once, in Litestream's form of it.
 * @param context `args` are all arguments of the program
 * @returns the exit status
 */
export async function dispatch(context: Context): Promise<number> {
  try {
    const [first, ...args] = context.args
    if (first === undefined) {
      context.stdout.write((await import('./commands/help.ts')).usageText())
      return exitStatuses.ERR_USAGE
    }
    const command = await findCommand(aliases.get(first) ?? first).load()
    return await command.run({ ...context, args })
  } catch (error) {
    // The stack is for a bug report; an error that was foreseen says all in its message.
    const stack = error instanceof WherryError || !(error instanceof Error) ? undefined : error.stack
    new Logger(context.log.sink).error('failed to run', { error: messageOf(error), stack })
    return exitStatus(error)
  }
}

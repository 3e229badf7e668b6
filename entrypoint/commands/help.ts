import { commands, findCommand } from '../commands.ts'
import type { Context } from '../context.ts'

/** The usage of the program, or of the command that is named. */
export async function run(context: Context): Promise<number> {
  const name = context.args.find((argument) => !argument.startsWith('-'))
  if (name !== undefined && name !== 'help') return (await findCommand(name).load()).run({ ...context, args: ['-h'] })
  context.stdout.write(usageText())
  return 0
}

/** The usage of the program. */
export function usageText(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const list = Object.entries(commands).map(([name, { summary }]) => `\t${name.padEnd(width)}  ${summary}\n`)
  return `wherry runs an app and replicates its SQLite databases.

Usage:

	wherry <command> [arguments]

The commands are:

${list.join('')}
"wherry help <command>" tells more about one of them.
`
}

import { parseCommandLine, rejectArguments } from '../cli/command-line.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { logBesideOutput } from './listing.ts'

const commandLine = {
  name: 'databases',
  about: 'Lists the databases in the configuration, and the names of their replicas.',
  forms: [''],
  flags: configFlags,
}

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  rejectArguments(parsed.rest)
  const config = await loadConfig(parsed.flags, context.env)
  logBesideOutput(config, context)
  const rows = config.databases.map(({ path, replicas }) => [path, replicas.map(({ name }) => name).join(',')])
  context.stdout.write(formatTable(['path', 'replicas'], rows))
  return 0
}

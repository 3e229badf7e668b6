import { parseCommandLine, rejectArguments } from '../cli/command-line.ts'
import { configFlags, jsonFlag } from '../cli/shared-flags.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { presentDatabases } from '../directories/present.ts'
import { jsonText } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import { logBesideOutput } from './listing.ts'

const commandLine = {
  name: 'databases',
  about: 'Lists the databases in the configuration and in its directories, and the names of their replicas.',
  forms: [''],
  flags: { ...configFlags, ...jsonFlag },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  rejectArguments(parsed.rest)
  const config = await loadConfig(parsed.flags, context.env)
  logBesideOutput(config, context)
  const databases = await presentDatabases(config)
  if (parsed.flags.json) {
    const named = databases.map(({ path, replicas }) => ({
      path,
      replicas: replicas.map(({ name, storage }) => ({ name, type: storage.type })),
    }))
    context.stdout.write(jsonText(named))
    return 0
  }
  const rows = databases.map(({ path, replicas }) => [path, replicas.map(({ name }) => name).join(',')])
  context.stdout.write(formatTable(['path', 'replicas'], rows))
  return 0
}

import { parseCommandLine, rejectArguments } from '../cli/command-line.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { describeConfig } from '../config/describe-config.ts'
import { lineOf } from '../config/format-value.ts'
import { loadSections } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { logBesideOutput } from './listing.ts'
import { warnAbout } from './warn.ts'

const commandLine = {
  name: 'config',
  about:
    'Prints the configuration that other commands would use: each key, its value without secrets, and where it is from.',
  forms: [''],
  flags: { ...configFlags, json: { kind: 'boolean', doc: 'Print JSON: a list of {key, value, from}' } },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  rejectArguments(parsed.rest)
  const loaded = await loadSections(parsed.flags, context.env)
  logBesideOutput(loaded.config, context)
  warnAbout(loaded.config, context)
  const settings = describeConfig(loaded)
  const rows = settings.map(({ key, value, from }) => [key, lineOf(value), lineOf(from)])
  context.stdout.write(
    parsed.flags.json ? `${JSON.stringify(settings, undefined, 2)}\n` : formatTable(['KEY', 'VALUE', 'FROM'], rows),
  )
  return 0
}

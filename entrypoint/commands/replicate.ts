import { type EngineThread, Logger, WherryError } from '../../engine/index.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { splitWords } from '../cli/words.ts'
import type { Config } from '../config/config.ts'
import { directConfig, directLogging } from '../config/direct-config.ts'
import type { Environment } from '../config/expand-env.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { withEngine } from '../keeper/with-engine.ts'
import { type Command, loadExeca } from '../process/child.ts'
import { supervise } from '../supervisor/supervise.ts'
import { version } from '../version.ts'
import { warnAbout } from './warn.ts'

const commandLine = {
  name: 'replicate',
  about: 'Replicates databases until SIGINT or SIGTERM, or until the command of -exec ends. Restores nothing.',
  forms: ['', 'DB_PATH REPLICA_URL...'],
  flags: {
    ...configFlags,
    exec: {
      kind: 'text',
      value: 'COMMAND',
      doc: 'Run this command, and end with it; split into words as a shell does, but without a shell',
    },
    trace: { kind: 'text' },
  },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags, rest } = parsed
  const supervised = async (engine: EngineThread): Promise<number> => {
    const config =
      rest.length === 0
        ? await loadConfig({ ...flags, use: 'replicate' }, context.env)
        : await argumentConfig(rest, flags.config, context.env)
    const command = execCommand(flags.exec ?? config.exec)
    if (command !== undefined) void loadExeca()
    const logging = rest.length === 0 ? config.logging : directLogging(context.env)
    if (logging !== undefined) context.log.configure(logging)
    new Logger(context.log.sink).info('wherry', { version })
    warnAbout(config, context)
    return await supervise(engine, { config, command, restore: false, env: context.env }, context.log.sink)
  }
  return await withEngine(context.log.sink, supervised, context.engine)
}

async function argumentConfig(
  [path = '', ...urls]: readonly string[],
  file: string | undefined,
  env: Environment,
): Promise<Config> {
  if (file !== undefined) throw new WherryError('ERR_USAGE', 'DB_PATH and -config exclude each other')
  if (urls.length === 0) throw new WherryError('ERR_USAGE', `REPLICA_URL is missing after ${path}`)
  return await directConfig(path, urls, env)
}

function execCommand(text: string | undefined): Command | undefined {
  if (text === undefined || text === '') return undefined
  const [file, ...args] = splitWords(text)
  if (file === undefined) throw new WherryError('ERR_CONFIG', 'exec is blank; name a command, or leave it out')
  return { file, args, stdin: 'ignore' }
}

import { type EngineThread, WherryError } from '../../engine/index.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { configFlags } from '../cli/shared-flags.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Context } from '../context.ts'
import { dispatch } from '../dispatch.ts'
import { withEngine } from '../keeper/with-engine.ts'
import { loadExeca } from '../process/child.ts'
import { supervise } from '../supervisor/supervise.ts'
import { warnAbout } from './warn.ts'

/**
 * What an image's entrypoint makes of `docker run IMAGE wherry check`: a command of Wherry's own is no app, and replicating
 * beside it could only disturb.
 */
const OWN_NAME = 'wherry'

const commandLine = {
  name: 'run',
  about:
    'Restores databases that are missing, then runs a command and replicates beside it. SIGINT and SIGTERM are passed on\n' +
    'to the command. When it ends, its last commit is stored, and Wherry ends with its exit status. Logs go to stderr.',
  forms: ['[--] COMMAND [ARG]...'],
  flags: configFlags,
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const [file, ...args] = parsed.rest
  if (file === OWN_NAME) return await dispatch({ ...context, args })
  if (file === undefined) throw new WherryError('ERR_USAGE', 'COMMAND is missing; "wherry replicate" runs without one')
  const supervised = async (engine: EngineThread): Promise<number> => {
    void loadExeca()
    const config = await loadConfig({ ...parsed.flags, use: 'replicate' }, context.env)
    // The app's standard output is the app's own.
    context.log.configure({ ...config.logging, stderr: true })
    warnAbout(config, context)
    const command = { file, args, stdin: 'inherit' } as const
    return await supervise(engine, { config, command, restore: true, env: context.env }, context.log.sink)
  }
  return await withEngine(context.log.sink, supervised, context.engine)
}

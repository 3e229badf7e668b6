import { messageOf, WherryError } from '../engine/errors.ts'
import { Logger } from '../engine/log.ts'
import type { EngineThread } from '../engine/worker/engine-thread.ts'
import { engineEnvironment } from './config/engine-environment.ts'
import { dispatch } from './dispatch.ts'
import { exitStatus } from './exit-codes.ts'
import type { ExitProcess } from './exit-process.ts'
import { LogOutput } from './log.ts'
import { DescriptorWriter } from './output/descriptor-writer.ts'

/** How long the log's reader may take to read the last lines, and as long again to read how many were lost. */
const LAST_LINES_MS = 500

/**
 * Runs the command line of this process, and ends it.
 * @param exit follows the threads that there are
 * @param engine started already, for a command that supervises
 */
export async function runProgram(exit: ExitProcess, engine: EngineThread | undefined): Promise<never> {
  const [logToStdout, logToStderr] = [new DescriptorWriter(1), new DescriptorWriter(2)]
  const log = new LogOutput(logToStdout, logToStderr)
  logWarnings(new Logger(log.sink))
  // The app's environment is made from the original one. The SDKs, and the engine's thread, look into process.env.
  const env = { ...process.env }
  Object.assign(process.env, engineEnvironment(env))
  // A command's output, unlike its log, is never dropped, however slow its reader.
  const stdout = new DescriptorWriter(1, Number.POSITIVE_INFINITY)
  const args = process.argv.slice(2)
  engine?.logTo(log.sink)
  const ended = await dispatch({ args, env, stdout, stderr: logToStderr, log, engine })
  if (engine?.isUsed === false) await engine.end()
  await stdout.flush(Number.POSITIVE_INFINITY)
  const status = statusAfter(ended, stdout.failure, new Logger(log.sink))
  const flushLog = () => Promise.all([logToStdout.flush(LAST_LINES_MS), logToStderr.flush(LAST_LINES_MS)])
  log.tellRepeats()
  await flushLog()
  log.admitLoss()
  await flushLog()
  return await exit(status, logToStdout.isStuck || logToStderr.isStuck)
}

/** A success that nobody can read is none. What else went wrong counts more than that it could not be written. */
function statusAfter(status: number, failure: unknown, logger: Logger): number {
  if (failure === undefined) return status
  const error = new WherryError('ERR_OUTPUT_ACCESS', `Cannot write standard output: ${messageOf(failure)}`)
  logger.error('failed to run', { error: error.message })
  return status || exitStatus(error)
}

/** Node's own way would open process.stderr, see own-description.ts. */
export function logWarnings(logger: Logger): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => logger.warn(message, { name }))
}

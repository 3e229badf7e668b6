import type { LogSink, OnProgress } from '../../engine/index.ts'
import type { Context } from '../context.ts'

/**
 * Runs what takes long: with a bar where standard error is a terminal. Elsewhere there is nobody to be told, and the engine
 * logs a line now and then.
 *
 * @param act gets the sink for its log lines, and who is to be told how far it is
 */
export async function withProgress<T>(
  { stderr, log }: Pick<Context, 'stderr' | 'log'>,
  act: (sink: LogSink, onProgress: OnProgress | undefined) => Promise<T>,
): Promise<T> {
  if (stderr.isTerminal !== true) return await act(log.sink, undefined)
  const { ProgressBar } = await import('./progress-bar.ts')
  const bar = new ProgressBar(stderr)
  try {
    return await act(bar.above(log.sink), bar.onProgress)
  } finally {
    bar.close()
  }
}

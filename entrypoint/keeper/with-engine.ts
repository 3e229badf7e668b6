import { EngineThread, type LogSink } from '../../engine/index.ts'
import { settlesWithin } from './waiting.ts'

/** How long the thread may take to end. */
const END_MS = 1000

/**
 * Runs `use` beside an engine thread, which starts at once: it takes longer than reading the configuration, so both go on
 * together. The thread is ended when `use` did not close it.
 * @param engine one that has started already @default a new one
 */
export async function withEngine<T>(
  sink: LogSink,
  use: (engine: EngineThread) => Promise<T>,
  engine = new EngineThread(sink),
): Promise<T> {
  try {
    return await use(engine)
  } finally {
    // One that is stuck in the system does not end; the process does all the same, see exit-process.ts.
    await settlesWithin(engine.end(), END_MS)
  }
}

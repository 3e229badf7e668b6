import { EngineThread, type LogSink } from '../../engine/index.ts'

/**
 * Runs `use` beside an engine thread, which starts at once: it takes longer than reading the configuration, so both go on
 * together. The thread is ended when `use` did not close it.
 */
export async function withEngine<T>(sink: LogSink, use: (engine: EngineThread) => Promise<T>): Promise<T> {
  const engine = new EngineThread(sink)
  try {
    return await use(engine)
  } finally {
    await engine.end()
  }
}

import { Child, type ChildEnd, type Command } from './child.ts'
import type { StopSignals } from './stop-signals.ts'

export { type ChildEnd as AppEnd, type Command, loadExeca } from './child.ts'

/**
 * Runs the app to its end and passes every stop signal on to it.
 * @param stopEarly the app is asked to end (SIGTERM) when this aborts
 */
export async function runApp(command: Command, signals: StopSignals, stopEarly: AbortSignal): Promise<ChildEnd> {
  signals.aborted.throwIfAborted()
  stopEarly.throwIfAborted()
  const app = await Child.start(command, { env: process.env })
  const unsubscribe = signals.subscribe((signal) => {
    if (!app.hasFromTerminal(signal)) app.signal(signal, 'group')
  })
  const stop = (): void => void app.signal('SIGTERM', 'group')
  stopEarly.addEventListener('abort', stop)
  try {
    return await app.ended
  } finally {
    unsubscribe()
    stopEarly.removeEventListener('abort', stop)
  }
}

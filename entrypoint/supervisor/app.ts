import { messageOf, systemCode } from '../../engine/index.ts'
import { type StopSignals, signalStatus } from './stop-signals.ts'

/** A command line as the app gets it: no shell, no splitting. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Litestream's `-exec` gives its child no standard input. */
  readonly stdin: 'inherit' | 'ignore'
}

/** How the app ended: its exit status (128+n for a signal), and a message if it could not be started. */
export interface AppEnd {
  readonly status: number
  readonly failure: string | undefined
}

const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** Loads what runs apps, so that it is there when the app's turn comes. */
export const loadExeca = (): Promise<typeof import('execa')> => import('execa')

/**
 * Runs the app to its end and passes every stop signal on to it.
 * @param stopEarly the app is asked to end (SIGTERM) when this aborts
 */
export async function runApp(command: Command, signals: StopSignals, stopEarly: AbortSignal): Promise<AppEnd> {
  const { execa } = await loadExeca()
  signals.aborted.throwIfAborted()
  stopEarly.throwIfAborted()
  const app = execa(command.file, command.args, {
    stdin: command.stdin,
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
    cleanup: false,
    // How long the app may take is for whoever sent the signal to decide.
    forceKillAfterDelay: false,
  })
  const unsubscribe = signals.subscribe((signal) => {
    // A terminal has sent Ctrl-C to the whole foreground group, the app included.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) app.kill(signal)
  })
  const stop = (): void => void app.kill('SIGTERM')
  stopEarly.addEventListener('abort', stop)
  try {
    const { exitCode, signal, cause } = await app
    if (signal !== undefined) return { status: signalStatus(signal), failure: undefined }
    if (exitCode !== undefined) return { status: exitCode, failure: undefined }
    return notStarted(command.file, cause)
  } finally {
    unsubscribe()
    stopEarly.removeEventListener('abort', stop)
  }
}

/** What a shell answers for a command that is not there (127) or may not be executed (126). */
function notStarted(file: string, cause: unknown): AppEnd {
  const code = systemCode(cause)
  if (code === 'ENOENT') {
    return { status: NOT_FOUND, failure: `${file} was not found, or the interpreter in its first line was not` }
  }
  return { status: NOT_EXECUTABLE, failure: `${file} could not be started: ${messageOf(cause)}` }
}

import type { ChildProcess } from 'node:child_process'
import { closeInheritedDescriptors } from './inherited-descriptors.ts'
import { ProcessGroup } from './process-group.ts'
import { descendantsOf } from './process-table.ts'
import { sendSignal } from './send-signal.ts'
import { type Signal, signalStatus } from './signals.ts'
import { explainStartFailure, requireFolder } from './start-failure.ts'
import { sentByTerminal, sharesTerminal } from './terminal.ts'

/** A command line as the child gets it: no shell, no splitting. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Litestream's `-exec` gives its child no standard input. */
  readonly stdin: 'inherit' | 'ignore'
}

export interface ChildOptions {
  /** All of the child's environment. Its PATH is where the command is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** @default our own */
  readonly cwd?: string | undefined
}

/** How a child ended: its exit status (128+n for a signal), and a message if it could not be started. */
export interface ChildEnd {
  readonly status: number
  readonly failure: string | undefined
}

/** Loads what starts children, so that it is there when their turn comes. */
export const loadExeca = (): Promise<typeof import('execa')> => import('execa')

/**
 * A running command with our standard output and error. It leads a session and a process group of its own, unless we have a
 * terminal ({@link sharesTerminal}): then it stays in our group, which also holds our neighbours in a pipeline.
 */
export class Child {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** Resolves as soon as the main process has ended, whatever it left behind. Never rejects. */
  readonly ended: Promise<ChildEnd>
  readonly #mainProcess: ChildProcess
  readonly #group: ProcessGroup | undefined

  /**
   * Starts a command. One that cannot be started is a child that has ended with 126 or 127, as in a shell.
   * @throws WherryError ERR_CONFIG when `cwd` cannot be used
   */
  static async start(command: Command, options: ChildOptions): Promise<Child> {
    if (options.cwd !== undefined) requireFolder(options.cwd)
    const { execa } = await loadExeca()
    closeInheritedDescriptors()
    const onTerminal = sharesTerminal()
    const subprocess = execa(command.file, command.args, {
      stdin: command.stdin,
      stdout: 'inherit',
      stderr: 'inherit',
      env: options.env,
      extendEnv: false,
      detached: !onTerminal,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      reject: false,
      buffer: false,
      cleanup: false,
      // How long the child may take is for whoever sent the signal to decide.
      forceKillAfterDelay: false,
    })
    const ended = subprocess.then(({ exitCode, signal, cause }): ChildEnd => {
      if (signal !== undefined) return { status: signalStatus(signal), failure: undefined }
      if (exitCode !== undefined) return { status: exitCode, failure: undefined }
      return explainStartFailure(command.file, cause, options.cwd ?? process.cwd(), options.env.PATH ?? '')
    })
    return new Child(subprocess.nodeChildProcess, ended, onTerminal)
  }

  private constructor(main: ChildProcess, ended: Promise<ChildEnd>, onTerminal: boolean) {
    this.#mainProcess = main
    this.pid = main.pid
    this.ended = ended
    if (this.pid === undefined) return
    if (!onTerminal) this.#group = new ProcessGroup(this.pid)
    // Should we end first, by a bug, it does not stay behind alone.
    const stop = (): void => void this.signal('SIGTERM', 'group')
    process.once('exit', stop)
    main.once('exit', () => {
      process.off('exit', stop)
      this.#group?.leaderEnded()
    })
  }

  /**
   * Whether the terminal itself has sent such a signal to the child: then it is not to be sent on. Someone who sends it to us
   * alone cannot be told from a terminal.
   */
  hasFromTerminal(signal: Signal): boolean {
    return this.#group === undefined && sentByTerminal(signal)
  }

  /**
   * Sends a signal to the main process, or to its group; on a terminal to the main process in any case.
   * @returns false when nobody is left to get it
   */
  signal(signal: NodeJS.Signals, to: 'group' | 'main'): boolean {
    if (to === 'group' && this.#group !== undefined) return this.#group.signal(signal)
    return this.#main !== undefined && sendSignal(this.#main, signal)
  }

  /** SIGKILL to the whole group; on a terminal to the main process and its descendants. */
  kill(): void {
    if (this.#group !== undefined) this.#group.kill()
    else if (this.#main !== undefined)
      for (const pid of [this.#main, ...descendantsOf(this.#main)]) sendSignal(pid, 'SIGKILL')
  }

  /**
   * To be called when the main process has ended: what it left in its group gets SIGTERM, and SIGKILL when `deadline` aborts.
   * Resolves when nothing is left, at once if nothing was. On a terminal nothing is known of what it left.
   */
  async clearGroup(deadline: AbortSignal): Promise<void> {
    await this.#group?.clear(deadline)
  }

  /** The main process's id, until it was waited for: then the system may give it to another process. */
  get #main(): number | undefined {
    const { exitCode, signalCode, pid } = this.#mainProcess
    return exitCode === null && signalCode === null ? pid : undefined
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { waitUntil, within } from './wait.ts'

/** How a process ended: `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Text for standard input; without it standard input is empty. */
  readonly input?: string
}

/** A started process: its output so far, and how it ends. Ended only by its own id, never by name. */
export class Program {
  readonly command: readonly string[]
  readonly pid: number
  /** Resolves when the process has exited and its output is complete. */
  readonly ended: Promise<Ended>
  #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(command: readonly string[], options: StartOptions = {}) {
    const [file, ...args] = command
    if (file === undefined) throw new TypeError('Empty command')
    this.command = command
    this.#child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    if (this.#child.pid === undefined) throw new Error(`Cannot start ${file}`)
    this.pid = this.#child.pid
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    // A program that does not read its input breaks the pipe; that is no failure of the test.
    this.#child.stdin?.on('error', () => {}).end(options.input ?? '')
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Standard output, then standard error. */
  get output(): string {
    return this.#stdout + this.#stderr
  }

  /** True until the process has been waited for. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The last lines of the output, for error messages. */
  tail(lines = 30): string {
    const text = this.output.trimEnd().split('\n').slice(-lines).join('\n')
    return `--- ${this.command.join(' ')}\n${text}\n---`
  }

  /** Waits for a match in the output; an early end of the process is an error at once. */
  async waitForOutput(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    return waitUntil(
      `Output ${pattern}`,
      () => {
        const match = pattern.exec(this.output)
        if (match === null && !this.running) throw new Error(`Ended before its output had ${pattern}\n${this.tail()}`)
        return match ?? undefined
      },
      { timeoutMs, everyMs: 5, explain: () => this.tail() },
    )
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) process.kill(this.pid, signal)
  }

  /** Sends `signal` and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 20_000): Promise<Ended> {
    this.kill(signal)
    return within(`End of ${this.pid} after ${signal}`, timeoutMs, this.ended, () => this.tail())
  }
}

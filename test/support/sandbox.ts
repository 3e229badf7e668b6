import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine, processesWithEnv } from './process-tree.ts'
import { type Ended, Program, type StartOptions } from './program.ts'
import { within } from './wait.ts'

/**
 * Every program of a sandbox, and all that those start, carries this in its environment: that is how leaks are found. Not
 * called WHERRY_..., which Wherry keeps from its app.
 */
const MARK = 'SANDBOX_OF_TEST'

export interface Finished extends Ended {
  readonly stdout: string
  readonly stderr: string
}

/** A temporary folder and the programs started in it; both end with it. */
export class Sandbox {
  readonly dir: string
  readonly #mark = randomUUID()

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'wherry-test-'))
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts)
  }

  start(command: readonly string[], options: StartOptions = {}): Program {
    return new Program(command, { cwd: this.dir, ...options, env: { ...options.env, [MARK]: this.#mark } })
  }

  /** Runs a program to its end, whatever its exit code. */
  async run(command: readonly string[], options: StartOptions & { timeoutMs?: number } = {}): Promise<Finished> {
    const program = this.start(command, options)
    const timeoutMs = options.timeoutMs ?? 60_000
    const ended = await within(`End of ${command.join(' ')}`, timeoutMs, program.ended, () => program.tail())
    return { ...ended, stdout: program.stdout, stderr: program.stderr }
  }

  /** Processes of this sandbox that are alive now. */
  alive(): number[] {
    return processesWithEnv(`${MARK}=${this.#mark}`)
  }

  /**
   * Ends what still runs and removes the folder.
   * @returns the command lines of the processes that had to be ended
   */
  async close(): Promise<string[]> {
    // A killed process may take a moment to go: what is still there after that was left behind.
    for (let looks = 0; looks < 20 && this.alive().length > 0; looks++) await sleep(25)
    const leaked = this.alive().map((pid) => ({ pid, command: commandLine(pid) }))
    for (const { pid } of leaked) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {} // it ended by itself just now
    }
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    return leaked.map(({ pid, command }) => `${pid} ${command}`)
  }
}

/** A sandbox that ends with the test. A test that passed and left processes behind fails. */
export function sandbox(t: TestContext): Sandbox {
  const box = new Sandbox()
  t.after(async () => {
    const leaked = await box.close()
    // Node has `passed` since 21.7, its type declarations do not.
    const { passed } = t as TestContext & { passed?: boolean }
    if (passed && leaked.length > 0) throw new Error(`Processes left behind:\n${leaked.join('\n')}`)
  })
  return box
}

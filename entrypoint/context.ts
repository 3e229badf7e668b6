import type { EngineThread } from '../engine/worker/engine-thread.ts'
import type { Environment } from './config/expand-env.ts'
import type { LogOutput } from './log.ts'

/** Where text goes: a standard descriptor, or a test's collector. */
export interface TextOutput {
  /** @returns false when the text is lost because too much waits already */
  write(text: string): unknown
  /** Somebody looks at it who may see a line being rewritten. */
  readonly isTerminal?: boolean
}

/** What a command gets from the process. */
export interface Context {
  /** Arguments after the command's name. */
  readonly args: readonly string[]
  /** As the process got it: without the credentials that are added to process.env for the engine. */
  readonly env: Environment
  readonly stdout: TextOutput
  readonly stderr: TextOutput
  /** Starts with Litestream's form for what happens before a configuration is loaded. */
  readonly log: LogOutput
  /**
   * For a command that supervises: started before that command was loaded. One that asks nothing of it leaves its end to the
   * program.
   */
  readonly engine?: EngineThread | undefined
}

/** What the module of a command exports. */
export interface Command {
  /** @returns the exit status; errors are thrown */
  run(context: Context): Promise<number>
}

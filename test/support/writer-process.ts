import { join } from 'node:path'
import { lastAcknowledged } from './acknowledgements.ts'
import type { Program } from './program.ts'
import type { Sandbox } from './sandbox.ts'
import { waitUntil, within } from './wait.ts'
import type { WriterOptions, WriterReport } from './writer-options.ts'

const script = join(import.meta.dirname, 'writer.ts')

/** A running writer. */
export interface Writer {
  readonly program: Program
  /** The newest commit that returned to the writer. */
  lastCommit(): number
  /** Waits until `count` more commits have returned. */
  moreCommits(count: number): Promise<void>
  /** Asks it to stop, and waits. */
  stop(): Promise<WriterReport>
  /** Waits until its own bounds end it. */
  finished(timeoutMs: number): Promise<WriterReport>
  /** kill -9: no rollback, no closing of the database. */
  kill(): Promise<void>
}

/** Starts the writer and waits until it writes. The acknowledged commits go to `PATH.acknowledged` unless told else. */
export async function startWriter(box: Sandbox, options: WriterOptions): Promise<Writer> {
  const acknowledgePath = options.acknowledgePath ?? `${options.path}.acknowledged`
  const program = box.start([process.execPath, script, JSON.stringify({ ...options, acknowledgePath })])
  await program.waitForOutput(/^writing$/m)
  const lastCommit = () => lastAcknowledged(acknowledgePath)
  const report = (timeoutMs: number) => reportOf(program, timeoutMs)
  return {
    program,
    lastCommit,
    moreCommits: async (count) => {
      const goal = lastCommit() + count
      const enough = () => (lastCommit() >= goal ? true : endedEarly(program))
      await waitUntil(`Commit ${goal}`, enough, { timeoutMs: 60_000, explain: () => program.tail() })
    },
    stop: () => {
      program.kill('SIGTERM')
      return report(20_000)
    },
    finished: report,
    kill: async () => {
      await program.stop('SIGKILL')
    },
  }
}

function endedEarly(program: Program): false {
  if (program.running) return false
  throw new Error(`The writer ended\n${program.tail()}`)
}

async function reportOf(program: Program, timeoutMs: number): Promise<WriterReport> {
  const ended = await within('End of the writer', timeoutMs, program.ended, () => program.tail())
  if (ended.code !== 0) throw new Error(`The writer failed: ${ended.code ?? ended.signal}\n${program.tail()}`)
  return JSON.parse(program.stdout.trimEnd().split('\n').at(-1) ?? '') as WriterReport
}

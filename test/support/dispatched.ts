import { dispatch } from '../../entrypoint/dispatch.ts'
import { LogOutput } from '../../entrypoint/log.ts'

export interface Dispatched {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line in this process, with no environment but `env`. Log lines carry the start of 2026 as their time. */
export async function dispatched(args: readonly string[], env: Record<string, string> = {}): Promise<Dispatched> {
  const written = { stdout: [] as string[], stderr: [] as string[] }
  const stdout = { write: (text: string) => written.stdout.push(text) }
  const stderr = { write: (text: string) => written.stderr.push(text) }
  const log = new LogOutput(stdout, stderr, () => new Date(2026, 0, 1))
  const status = await dispatch({ args, env, stdout, stderr, log })
  return { status, stdout: written.stdout.join(''), stderr: written.stderr.join('') }
}

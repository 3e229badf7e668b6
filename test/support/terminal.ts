import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './program.ts'
import type { Sandbox } from './sandbox.ts'

const script = join(import.meta.dirname, 'terminal.py')

/** Keys that a terminal turns into signals. */
export const KEYS = { interrupt: '\x03', quit: '\x1c', suspend: '\x1a', endOfInput: '\x04' } as const

/** Why tests on terminals cannot run here; false when they can, and with CI=true: then they fail instead. */
export const noTerminals: string | false =
  process.env.CI !== 'true' && ['python3', 'bash'].some((tool) => spawnSync(tool, ['--version']).status !== 0)
    ? 'python3 and bash are needed, for a pseudo-terminal and for job control'
    : false

/** An interactive shell with job control, and its prompt. */
export const SHELL = ['bash', '--norc', '--noprofile', '--noediting', '-i'] as const
export const PROMPT = /bash-\S+[#$] /

/** A program on a terminal of its own. Both its outputs are the terminal's. */
export interface Terminal {
  readonly program: Program
  type(text: string): void
}

let terminals = 0

/** Starts a command on a pseudo-terminal that controls it. */
export async function openTerminal(box: Sandbox, command: readonly string[]): Promise<Terminal> {
  const fifo = box.path(`keyboard-${++terminals}`)
  const program = box.start(['python3', script, fifo, ...command], { env: { TERM: 'dumb' } })
  await program.waitForOutput(/terminal of \d+/)
  return { program, type: (text) => appendFileSync(fifo, text) }
}

/** Opens a terminal with {@link SHELL} on it. */
export async function openShell(box: Sandbox): Promise<Terminal> {
  const shell = await openTerminal(box, SHELL)
  await shell.program.waitForOutput(PROMPT)
  return shell
}

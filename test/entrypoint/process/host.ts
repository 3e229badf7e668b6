import { join } from 'node:path'
import type { Ended, Program, StartOptions } from '../../support/program.ts'
import type { Sandbox } from '../../support/sandbox.ts'
import { within } from '../../support/wait.ts'
import type { HostSettings } from './child-host.ts'

/** The command line of an app that says which signals it gets; see signal-app.ts. */
export function signalApp(name: string, ...last: string[]): string[] {
  return [process.execPath, join(import.meta.dirname, 'signal-app.ts'), name, ...last]
}

/** The command line of a supervisor of one command; see child-host.ts. */
export function hostCommand(settings: HostSettings, ...command: string[]): string[] {
  return [process.execPath, join(import.meta.dirname, 'child-host.ts'), JSON.stringify(settings), ...command]
}

export function startHost(box: Sandbox, settings: HostSettings, command: string[], options?: StartOptions): Program {
  return box.start(hostCommand(settings, ...command), options)
}

/** The id of the host's child. */
export async function childOf(host: Program): Promise<number> {
  return Number((await host.waitForOutput(/host: child (\d+)/))[1])
}

/** How a program ended: soon, or it never will. */
export function endOf(program: Program): Promise<Ended> {
  return within('The end', 30_000, program.ended, () => program.tail())
}

/** Quotes words for a shell. */
export function shellLine(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
}

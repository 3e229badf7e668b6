import { WherryError } from '../engine/errors.ts'
import type { Command } from './context.ts'
import { didYouMean } from './nearest.ts'
import { own } from './own.ts'

export interface CommandEntry {
  readonly summary: string
  /** Loads the command's module, and with it only what this command needs. */
  readonly load: () => Promise<Command>
  /** It takes the engine that is started before the command is loaded. */
  readonly supervises?: true
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'restore, then run a command and replicate beside it',
    load: () => import('./commands/run.ts'),
    supervises: true,
  },
  check: { summary: 'check that what replicas hold can be restored', load: () => import('./commands/check.ts') },
  config: { summary: 'print the configuration and where it is from', load: () => import('./commands/config.ts') },
  databases: { summary: 'list the databases in the configuration', load: () => import('./commands/databases.ts') },
  generations: { summary: 'list the generations of a database', load: () => import('./commands/generations.ts') },
  health: { summary: 'ask a running Wherry whether it is ready', load: () => import('./commands/health.ts') },
  replicate: {
    summary: 'replicate databases until told to stop',
    load: () => import('./commands/replicate.ts'),
    supervises: true,
  },
  restore: { summary: 'restore a database from a replica', load: () => import('./commands/restore.ts') },
  snapshots: { summary: 'list the snapshots of a database', load: () => import('./commands/snapshots.ts') },
  wal: { summary: 'list the WAL segments of a database', load: () => import('./commands/wal.ts') },
  status: { summary: 'ask a running Wherry how replication is', load: () => import('./commands/status.ts') },
  version: { summary: 'print the version', load: () => import('./commands/version.ts') },
  help: { summary: 'print this, or the usage of a command', load: () => import('./commands/help.ts') },
}

/** Whether a command of this name, if there is one, runs beside an engine. */
export function supervises(name = ''): boolean {
  return own(commands, name)?.supervises ?? false
}

/** @throws WherryError ERR_USAGE for a name that is not a command */
export function findCommand(name: string): CommandEntry {
  const entry = own(commands, name)
  if (entry !== undefined) return entry
  throw new WherryError(
    'ERR_USAGE',
    `Unknown command "${name}"${didYouMean(name, Object.keys(commands)) || '; "wherry help" lists the commands'}`,
  )
}

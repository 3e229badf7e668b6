import { parseCommandLine } from '../cli/command-line.ts'
import { jsonFlag } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import type { Reply } from '../health/ask.ts'
import type { DatabaseReport, ReadyReport, ReplicaReport } from '../health/report.ts'
import { printable } from '../log-format.ts'
import { jsonText } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import { formatLag, formatTime } from '../output/time.ts'
import { askRunning, NO_ANSWER, runningFlags, runningForms } from './running.ts'

const commandLine = {
  name: 'status',
  about:
    'Asks the Wherry that runs with the same configuration, or at ADDRESS, how replication is: how far each replica is, how\n' +
    'far behind, and what went wrong last. Ends with 0 whatever the answer, 69 when nothing answers.',
  forms: runningForms,
  flags: { ...runningFlags, ...jsonFlag },
} as const

const columns = ['database', 'replica', 'state', 'position', 'lag', 'synced', 'error']

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags, rest } = parsed
  const answer = await askRunning('/readyz', flags, rest, context)
  if (answer === undefined) return NO_ANSWER
  const report = readReport(answer.reply)
  if (report === undefined) {
    context.stderr.write(`what answers at ${answer.address} is not Wherry: status ${answer.reply.status}\n`)
    return NO_ANSWER
  }
  context.stdout.write(flags.json ? jsonText(report) : statusText(report))
  return 0
}

/** Undefined for the answer of something else. */
function readReport({ body }: Reply): ReadyReport | undefined {
  try {
    const report = JSON.parse(body) as Partial<ReadyReport> | null
    return Array.isArray(report?.databases) && Array.isArray(report.reasons) ? (report as ReadyReport) : undefined
  } catch {
    return undefined
  }
}

/** A table of the replicas, and below it why Wherry is not ready. */
function statusText({ state, reasons, databases }: ReadyReport): string {
  const rows = databases.flatMap((database) => rowsOf(database))
  const sentences =
    reasons.length === 0 ? [`${state}, ready`] : reasons.map((reason) => `${state}, not ready: ${printable(reason)}`)
  const table = rows.length === 0 ? '' : `${formatTable(columns, rows)}\n`
  return `${table}${sentences.join('\n')}\n`
}

function rowsOf(database: DatabaseReport): string[][] {
  const { path, replicas } = database
  if (replicas.length === 0) return [[path, '', stateOf(database, undefined), database.position ?? '', '', '', '']]
  return replicas.map((replica) => [
    path,
    replica.name,
    stateOf(database, replica),
    replica.position ?? '',
    formatLag(replica.lag_seconds * 1000),
    replica.last_sync_at === null ? '' : formatTime(new Date(replica.last_sync_at)),
    replica.last_error ?? '',
  ])
}

/** One word. Without a file there is nothing to replicate; a locked one is kept by another program. */
function stateOf({ position, locked }: DatabaseReport, replica: ReplicaReport | undefined): string {
  if (locked) return 'locked'
  if (position === null) return 'absent'
  if (replica === undefined) return 'unreplicated'
  if (replica.last_error !== null) return 'failing'
  return replica.synced ? 'synced' : 'syncing'
}

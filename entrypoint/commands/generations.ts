import { stat } from 'node:fs/promises'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'
import { type GenerationTimes, generationTimes } from '../../engine/replica/generation-times.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { jsonFlag, replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { inSeconds, jsonText } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import { formatLag, formatTime } from '../output/time.ts'
import { findListing, listingForms, listReplicas } from './listing.ts'

const commandLine = {
  name: 'generations',
  about:
    'Lists the generations of a database or a replica: when they start and end, and how far they lag behind the database\n(for a replica URL: behind now).',
  forms: listingForms,
  flags: { ...replicaFlags, ...jsonFlag },
} as const

/** What Go prints for no time, and Litestream for a generation that has no objects. */
const NO_TIME = new Date('0001-01-01T00:00:00Z')

interface Row {
  readonly replica: string
  readonly generation: string
  /** Undefined for a generation that has no objects. */
  readonly times: GenerationTimes | undefined
}

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const listing = await findListing(parsed.flags, parsed.rest, context)
  const changedMs = listing.database === undefined ? Date.now() : await lastChangeMs(listing.database)
  const rows: Row[] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of await client.generations()) {
      const objects = await Promise.all([client.snapshots(generation), client.segments(generation)])
      rows.push({ replica, generation, times: generationTimes(objects.flat()) })
    }
  })
  context.stdout.write(
    parsed.flags.json ? jsonText(rows.map((row) => jsonOf(row, changedMs))) : tableOf(rows, changedMs),
  )
  return 0
}

function tableOf(rows: readonly Row[], changedMs: number): string {
  const cells = rows.map(({ replica, generation, times }) => {
    const { createdAt, updatedAt } = times ?? { createdAt: NO_TIME, updatedAt: NO_TIME }
    const lag = formatLag(changedMs - updatedAt.getTime())
    return [replica, generation, lag, formatTime(createdAt), formatTime(updatedAt)]
  })
  return formatTable(['name', 'generation', 'lag', 'start', 'end'], cells)
}

function jsonOf({ replica, generation, times }: Row, changedMs: number): object {
  return {
    replica,
    generation,
    lag_seconds: times === undefined ? null : inSeconds(changedMs - times.updatedAt.getTime()),
    start: times?.createdAt.toISOString() ?? null,
    end: times?.updatedAt.toISOString() ?? null,
  }
}

/** When the database file or its WAL was last written. */
async function lastChangeMs(path: string): Promise<number> {
  const database = await modifiedMs(path)
  if (database === undefined) {
    throw new WherryError('ERR_DATABASE_ACCESS', `${path} does not exist; to list its replica, give the replica's URL`)
  }
  return Math.max(database, (await modifiedMs(`${path}-wal`)) ?? database)
}

async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new WherryError('ERR_DATABASE_ACCESS', `${path} cannot be examined: ${messageOf(error)}`, { cause: error })
  }
}

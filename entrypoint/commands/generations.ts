import { stat } from 'node:fs/promises'
import { messageOf, systemCode, WherryError } from '../../engine/errors.ts'
import { generationTimes } from '../../engine/replica/generation-times.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { formatLag, formatTime } from '../output/time.ts'
import { findListing, listingForms, listReplicas } from './listing.ts'

const commandLine = {
  name: 'generations',
  about:
    'Lists the generations of a database or a replica: when they start and end, and how far they lag behind the database\n(for a replica URL: behind now).',
  forms: listingForms,
  flags: replicaFlags,
}

/** What Go prints for no time, and Litestream for a generation that has no objects. */
const NO_TIME = new Date('0001-01-01T00:00:00Z')
const NO_TIMES = { createdAt: NO_TIME, updatedAt: NO_TIME }

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const listing = await findListing(parsed.flags, parsed.rest, context)
  const changedMs = listing.database === undefined ? Date.now() : await lastChangeMs(listing.database)
  const rows: string[][] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of await client.generations()) {
      const objects = await Promise.all([client.snapshots(generation), client.segments(generation)])
      const { createdAt, updatedAt } = generationTimes(objects.flat()) ?? NO_TIMES
      const lag = formatLag(changedMs - updatedAt.getTime())
      rows.push([replica, generation, lag, formatTime(createdAt), formatTime(updatedAt)])
    }
  })
  context.stdout.write(formatTable(['name', 'generation', 'lag', 'start', 'end'], rows))
  return 0
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

import { WherryError } from '../../engine/errors.ts'
import { isGeneration } from '../../engine/format/names.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { formatTime } from '../output/time.ts'
import { findListing, listingForms, listReplicas } from './listing.ts'

const commandLine = {
  name: 'wal',
  about: 'Lists the WAL segments of a database or a replica. Sizes are those of the stored, compressed objects.',
  forms: listingForms,
  flags: {
    ...replicaFlags,
    generation: { kind: 'text', value: 'NAME', doc: 'Only this generation' },
  },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { generation: only } = parsed.flags
  if (only !== undefined && !isGeneration(only)) {
    throw new WherryError(
      'ERR_USAGE',
      `"${only}" for -generation is not a generation, which has 16 characters of 0-9 a-f`,
    )
  }
  const listing = await findListing(parsed.flags, parsed.rest, context)
  const rows: string[][] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of only === undefined ? await client.generations() : [only]) {
      for (const { index, offset, sizeBytes, createdAt } of await client.segments(generation)) {
        rows.push([replica, generation, String(index), String(offset), String(sizeBytes), formatTime(createdAt)])
      }
    }
  })
  context.stdout.write(formatTable(['replica', 'generation', 'index', 'offset', 'size', 'created'], rows))
  return 0
}

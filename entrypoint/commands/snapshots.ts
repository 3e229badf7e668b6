import { parseCommandLine } from '../cli/command-line.ts'
import { replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { formatTime } from '../output/time.ts'
import { findListing, listingForms, listReplicas } from './listing.ts'

const commandLine = {
  name: 'snapshots',
  about: 'Lists the snapshots of a database or a replica. Sizes are those of the stored, compressed objects.',
  forms: listingForms,
  flags: replicaFlags,
}

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const listing = await findListing(parsed.flags, parsed.rest, context)
  const rows: string[][] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of await client.generations()) {
      for (const { index, sizeBytes, createdAt } of await client.snapshots(generation)) {
        rows.push([replica, generation, String(index), String(sizeBytes), formatTime(createdAt)])
      }
    }
  })
  context.stdout.write(formatTable(['replica', 'generation', 'index', 'size', 'created'], rows))
  return 0
}

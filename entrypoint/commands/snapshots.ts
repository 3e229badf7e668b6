import { keys } from '../../engine/format/names.ts'
import type { SnapshotInfo } from '../../engine/storage/client.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { jsonFlag, replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { jsonText } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import { formatTime } from '../output/time.ts'
import { findListing, listingForms, listReplicas } from './listing.ts'

const commandLine = {
  name: 'snapshots',
  about: 'Lists the snapshots of a database or a replica. Sizes are those of the stored, compressed objects.',
  forms: listingForms,
  flags: { ...replicaFlags, ...jsonFlag },
} as const

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const listing = await findListing(parsed.flags, parsed.rest, context)
  const rows: Row[] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of await client.generations()) {
      for (const snapshot of await client.snapshots(generation)) rows.push({ ...snapshot, replica })
    }
  })
  context.stdout.write(parsed.flags.json ? jsonText(rows.map(jsonOf)) : formatTable(columns, rows.map(cellsOf)))
  return 0
}

const columns = ['replica', 'generation', 'index', 'size', 'created']

type Row = SnapshotInfo & { readonly replica: string }

function cellsOf({ replica, generation, index, sizeBytes, createdAt }: Row): string[] {
  return [replica, generation, String(index), String(sizeBytes), formatTime(createdAt)]
}

function jsonOf({ replica, generation, index, sizeBytes, createdAt }: Row): object {
  const object = keys.snapshot(generation, index)
  return { replica, generation, index, size_bytes: sizeBytes, created_at: createdAt.toISOString(), object }
}

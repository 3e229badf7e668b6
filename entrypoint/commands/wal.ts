import { WherryError } from '../../engine/errors.ts'
import { isGeneration, keys } from '../../engine/format/names.ts'
import type { SegmentInfo } from '../../engine/storage/client.ts'
import { parseCommandLine } from '../cli/command-line.ts'
import { jsonFlag, replicaFlags } from '../cli/shared-flags.ts'
import type { Context } from '../context.ts'
import { jsonText } from '../output/json.ts'
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
    ...jsonFlag,
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
  const rows: Row[] = []
  await listReplicas(listing, async (client, replica) => {
    for (const generation of only === undefined ? await client.generations() : [only]) {
      for (const segment of await client.segments(generation)) rows.push({ ...segment, replica })
    }
  })
  context.stdout.write(parsed.flags.json ? jsonText(rows.map(jsonOf)) : formatTable(columns, rows.map(cellsOf)))
  return 0
}

const columns = ['replica', 'generation', 'index', 'offset', 'size', 'created']

type Row = SegmentInfo & { readonly replica: string }

function cellsOf({ replica, generation, index, offset, sizeBytes, createdAt }: Row): string[] {
  return [replica, generation, String(index), String(offset), String(sizeBytes), formatTime(createdAt)]
}

function jsonOf({ replica, generation, index, offset, sizeBytes, createdAt }: Row): object {
  const object = keys.segment({ generation, index, offset })
  return { replica, generation, index, offset, size_bytes: sizeBytes, created_at: createdAt.toISOString(), object }
}

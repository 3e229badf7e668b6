import type { StorageClient } from '../storage/client.ts'
import type { GenerationListing, RestoreTarget } from './listing.ts'
import { pickSnapshot } from './pick-generation.ts'

/**
 * Lists what a plan for `target` needs to know. Which generation is the newest only all its objects tell; when there is
 * but one to choose from, WAL before its snapshot does not matter and is not asked for.
 *
 * @param unusable as in planRestore
 * @throws the storage's errors
 */
export async function surveyReplica(
  client: StorageClient,
  target: RestoreTarget,
  unusable: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<GenerationListing[]> {
  const names = await client.generations(signal)
  const wanted = target.generation === undefined ? names : names.filter((name) => name === target.generation)
  const listings: GenerationListing[] = []
  for (const generation of wanted) {
    const snapshots = await client.snapshots(generation, signal)
    const snapshot = wanted.length === 1 ? pickSnapshot(snapshots, target, unusable) : undefined
    const options = { fromIndex: snapshot?.index ?? 0, ...(signal === undefined ? {} : { signal }) }
    listings.push({ generation, snapshots, segments: await client.segments(generation, options) })
  }
  return listings
}

import { WherryError } from '../errors.ts'
import { keys } from '../format/names.ts'
import { generationTimes } from '../replica/generation-times.ts'
import type { SnapshotInfo } from '../storage/client.ts'
import { type GenerationListing, isTooNew, type RestoreTarget } from './listing.ts'
import { compareRecency, newestOf, recencyOf } from './recency.ts'

/**
 * The newest generation, see {@link compareRecency}, as seen at the target's time; the first of equal ones. Only generations
 * with a snapshot to start from count.
 */
export function pickGeneration(
  listings: readonly GenerationListing[],
  target: RestoreTarget,
  unusable: ReadonlySet<string>,
): GenerationListing | undefined {
  // An index does not choose a generation: the same number means another state in each.
  const { index: _, ...anyIndex } = target
  const isUsable = ({ snapshots }: GenerationListing) => pickSnapshot(snapshots, anyIndex, unusable) !== undefined
  return newestOf(listings.filter(isUsable), target)
}

/**
 * The snapshot to start from: the one with the highest index that is neither too new nor beyond the target's index.
 * @param unusable keys of snapshots that must not be taken
 */
export function pickSnapshot(
  snapshots: readonly SnapshotInfo[],
  target: RestoreTarget,
  unusable: ReadonlySet<string>,
): SnapshotInfo | undefined {
  return snapshots.findLast(
    (snapshot) =>
      snapshot.index <= (target.index ?? Number.POSITIVE_INFINITY) &&
      !isTooNew(snapshot, target) &&
      !unusable.has(keys.snapshot(snapshot.generation, snapshot.index)),
  )
}

/** Generations that are newer than the chosen one, but cannot be restored: they have no snapshot. */
export function newerWithoutSnapshot(
  listings: readonly GenerationListing[],
  chosen: GenerationListing,
  target: RestoreTarget,
): string[] {
  const own = recencyOf(chosen, target)
  const isNewer = (listing: GenerationListing): boolean => {
    const recency = recencyOf(listing, target)
    return recency !== undefined && own !== undefined && compareRecency(recency, own) > 0
  }
  return listings
    .filter((listing) => listing.snapshots.length === 0 && isNewer(listing))
    .map(({ generation }) => generation)
}

/** Why nothing could be picked. WAL without a snapshot is damage: what is there must not be taken for nothing. */
export function noMatch(replica: string, listings: readonly GenerationListing[], target: RestoreTarget): WherryError {
  const orphan = listings.find((listing) => listing.snapshots.length === 0 && recencyOf(listing, target) !== undefined)
  if (orphan !== undefined) {
    const { generation } = orphan
    const why = `${keys.snapshots(generation)} of replica ${replica} is empty, and its WAL is useless without a snapshot`
    return new WherryError('ERR_REPLICA_DAMAGED', `${why}; delete ${keys.generation(generation)} to give it up`)
  }
  const start = generationTimes(listings.flatMap(({ snapshots }) => snapshots))?.createdAt
  const end = generationTimes(listings.flatMap(({ snapshots, segments }) => [...snapshots, ...segments]))?.updatedAt
  if (start === undefined || end === undefined) {
    const where = target.generation === undefined ? '' : ` of generation ${target.generation}`
    return new WherryError('ERR_NO_BACKUP', `No matching backups found: replica ${replica} has no snapshot${where}`)
  }
  const asked = target.timestamp === undefined ? `index ${target.index}` : target.timestamp.toISOString()
  const range = `it reaches from ${start.toISOString()} to ${end.toISOString()}`
  return new WherryError(
    'ERR_NO_BACKUP',
    `No matching backups found: replica ${replica} has none of ${asked}, ${range}`,
  )
}

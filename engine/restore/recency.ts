import { generationTimes } from '../replica/generation-times.ts'
import { type GenerationListing, isTooNew, type RestoreTarget } from './listing.ts'

/** What tells which of several generations is the newest, by the storage's own clock. */
export interface Recency {
  readonly updatedAt: Date
  readonly createdAt: Date
  /** When the newest snapshot was stored; undefined without one. */
  readonly snapshotAt: Date | undefined
}

/** As seen at the target's time; undefined for a generation that had nothing then. */
export function recencyOf({ snapshots, segments }: GenerationListing, target: RestoreTarget): Recency | undefined {
  const seen = snapshots.filter((snapshot) => !isTooNew(snapshot, target))
  const times = generationTimes([...seen, ...segments.filter((segment) => !isTooNew(segment, target))])
  return times === undefined ? undefined : { ...times, snapshotAt: generationTimes(seen)?.updatedAt }
}

/**
 * Negative when `a` is older than `b`. The one that was stored to last is newer. Storages that tell whole seconds show a
 * generation that ends and the next one that begins at the same time: then the one that began later is newer.
 *
 * @returns 0 when times do not tell
 */
export function compareRecency(a: Recency, b: Recency): number {
  return (
    a.updatedAt.getTime() - b.updatedAt.getTime() ||
    a.createdAt.getTime() - b.createdAt.getTime() ||
    (a.snapshotAt?.getTime() ?? 0) - (b.snapshotAt?.getTime() ?? 0)
  )
}

/** The newest of several generations; the first of equal ones. Undefined when none had anything at the target's time. */
export function newestOf(listings: readonly GenerationListing[], target: RestoreTarget): GenerationListing | undefined {
  let best: GenerationListing | undefined
  let newest: Recency | undefined
  for (const listing of listings) {
    const recency = recencyOf(listing, target)
    if (recency === undefined || (newest !== undefined && compareRecency(recency, newest) <= 0)) continue
    best = listing
    newest = recency
  }
  return best
}

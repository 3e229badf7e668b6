import type { GenerationListing, RestoreTarget } from './listing.ts'
import { pickSnapshot } from './pick-generation.ts'
import { compareRecency, recencyOf } from './recency.ts'

/** Another generation that may be the newest one for all that the times of objects tell. */
export interface Doubt {
  readonly generation: string
  /** A clause for people. */
  readonly why: string
}

/**
 * Generations that a restore could have started from, and whose times do not clearly say that they are older than the chosen
 * one. One that began later and ended earlier shows that two wrote at a time, or that the storage's clock was set back: a
 * clock set back by more than that leaves nothing to see.
 */
export function doubtsAbout(
  listings: readonly GenerationListing[],
  chosen: GenerationListing,
  target: RestoreTarget,
): Doubt[] {
  const own = recencyOf(chosen, target)
  const { index: _, ...anyIndex } = target
  return listings.flatMap((listing): Doubt[] => {
    const { generation, snapshots } = listing
    const other = recencyOf(listing, target)
    if (own === undefined || other === undefined || listing === chosen) return []
    if (pickSnapshot(snapshots, anyIndex, new Set()) === undefined) return []
    if (compareRecency(other, own) === 0) {
      return [{ generation, why: 'its times are the same, so either may be the newest' }]
    }
    if (other.createdAt <= own.createdAt || other.updatedAt >= own.updatedAt) return []
    const why = 'it began later and ended earlier: two wrote at a time, or the clock of the storage was set back'
    return [{ generation, why }]
  })
}

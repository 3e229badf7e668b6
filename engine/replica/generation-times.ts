/** From when to when a generation was written, by the storage's own clock. */
export interface GenerationTimes {
  readonly createdAt: Date
  readonly updatedAt: Date
}

/**
 * The times of the oldest and newest of a generation's objects, snapshots and segments alike, which is how Litestream 0.3
 * tells generations apart; undefined when there are none.
 */
export function generationTimes(objects: Iterable<{ readonly createdAt: Date }>): GenerationTimes | undefined {
  let oldest: Date | undefined
  let newest: Date | undefined
  for (const { createdAt } of objects) {
    if (oldest === undefined || createdAt < oldest) oldest = createdAt
    if (newest === undefined || createdAt > newest) newest = createdAt
  }
  return oldest === undefined || newest === undefined ? undefined : { createdAt: oldest, updatedAt: newest }
}

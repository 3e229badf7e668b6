import { keys } from '../format/names.ts'
import type { GenerationListing } from '../restore/listing.ts'
import type { SegmentInfo, SnapshotInfo } from '../storage/client.ts'

/**
 * True when a generation was changed where it had been listed: objects went, as retention removes them, or came late, or were
 * stored again. What was added at its end changes nothing.
 */
export function isOutdated(before: GenerationListing, now: GenerationListing): boolean {
  const last = before.segments.at(-1)
  const isAtEnd = ({ index, offset }: SegmentInfo): boolean =>
    last === undefined || index > last.index || (index === last.index && offset > last.offset)
  const lastIndex = Math.max(last?.index ?? -1, before.snapshots.at(-1)?.index ?? -1)
  return (
    !isSame(
      before.segments,
      now.segments.filter((segment) => !isAtEnd(segment)),
      keys.segment,
    ) ||
    !isSame(
      before.snapshots,
      now.snapshots.filter(({ index }) => index <= lastIndex),
      ({ generation, index }) => keys.snapshot(generation, index),
    )
  )
}

function isSame<T extends SnapshotInfo | SegmentInfo>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (object: T) => string,
): boolean {
  const stamp = (object: T): string => `${keyOf(object)} ${object.sizeBytes} ${object.createdAt.getTime()}`
  const stamps = new Set(now.map(stamp))
  return before.length === now.length && before.every((object) => stamps.has(stamp(object)))
}

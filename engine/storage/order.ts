import type { SegmentInfo, SnapshotInfo } from './client.ts'

/** Sorts by index, then offset: the order in which every client lists. */
export function inOrder<T extends SnapshotInfo | SegmentInfo>(objects: T[]): T[] {
  return objects.sort((a, b) => a.index - b.index || offsetOf(a) - offsetOf(b))
}

function offsetOf(info: SnapshotInfo | SegmentInfo): number {
  return 'offset' in info ? info.offset : 0
}

import { fstatSync, read as readAt } from 'node:fs'
import { promisify } from 'node:util'
import type { Connections } from '../sqlite/connections.ts'
import type { History } from './history.ts'
import type { SnapshotImage } from './replica-feed.ts'
import type { Segment } from './segment.ts'

const readFile = promisify(readAt)

/**
 * The database file as an image for snapshots, read through the descriptor that stays open.
 * @param isStill nobody can change the file before the next checkpoint: it is a committed state by itself
 */
export function imageOf(
  connections: Connections,
  history: History,
  wal: readonly Segment[],
  isStill: boolean,
): SnapshotImage {
  return {
    generation: history.generation,
    copied: history.mark,
    needs: isStill ? history.startMark : history.mark,
    sizeBytes: fstatSync(connections.fd).size,
    wal,
    read: async (into, position) => (await readFile(connections.fd, into, 0, into.length, position)).bytesRead,
  }
}

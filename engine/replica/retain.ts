import { hex8 } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import type { RetentionPlan } from './retention.ts'

/** Every snapshot of every generation, by generation and index. */
export async function listSnapshots(client: StorageClient, signal: AbortSignal): Promise<SnapshotInfo[]> {
  const all: SnapshotInfo[] = []
  for (const generation of await client.generations(signal)) all.push(...(await client.snapshots(generation, signal)))
  return all
}

/**
 * Deletes what the plan names: the WAL before the snapshots that need it go first, oldest first, so that what is left
 * after a crash has no gap that a later snapshot does not cover.
 */
export async function applyRetention(
  client: StorageClient,
  plan: RetentionPlan,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (const generation of plan.generations) {
    await client.deleteGeneration(generation, signal)
    logger.info('generation deleted', { generation })
  }
  for (const { generation, index } of plan.below) {
    const snapshots = (await client.snapshots(generation, signal)).filter((snapshot) => snapshot.index < index)
    await client.deleteSnapshots(
      generation,
      snapshots.map((snapshot) => snapshot.index),
      signal,
    )
    for (const snapshot of snapshots) logger.info('snapshot deleted', { generation, index: hex8(snapshot.index) })
    const segments = (await client.segments(generation, { signal })).filter((segment) => segment.index < index)
    await client.deleteSegments(segments, signal)
    if (segments.length > 0) {
      logger.info('wal segmented deleted before', { generation, index: hex8(index), n: segments.length })
    }
  }
}

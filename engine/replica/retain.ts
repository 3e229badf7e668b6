import { hex8 } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { SnapshotInfo, StorageClient } from '../storage/client.ts'
import type { Holdings, Remains, RetentionPlan } from './retention.ts'

/** Lists every snapshot of every generation, and the WAL of generations without one. */
export async function listHoldings(client: StorageClient, signal: AbortSignal): Promise<Holdings> {
  const snapshots: SnapshotInfo[] = []
  const remains: Remains[] = []
  for (const generation of await client.generations(signal)) {
    const own = await client.snapshots(generation, signal)
    snapshots.push(...own)
    if (own.length > 0) continue
    const times = (await client.segments(generation, { signal })).map(({ createdAt }) => createdAt.getTime())
    // Without any object there is no time to go by.
    if (times.length > 0) remains.push({ generation, newestAt: new Date(maxOf(times)) })
  }
  return { snapshots, remains }
}

function maxOf(times: readonly number[]): number {
  return times.reduce((newest, time) => Math.max(newest, time))
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

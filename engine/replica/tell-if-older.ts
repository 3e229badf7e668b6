import { findNewest } from '../lineage/newest.ts'
import type { Logger } from '../log.ts'
import type { StorageClient } from '../storage/client.ts'

/**
 * Warns when a restore would not take a generation that has just begun: the storage dates its own objects, and what was
 * stored before its clock was set back is newer by that. Only its lists tell; when they cannot be had nothing is said.
 */
export async function tellIfOlder(
  client: StorageClient,
  replica: string,
  generation: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const newest = await findNewest(client, replica, signal).catch(() => undefined)
  if (signal.aborted || newest === undefined || newest.generation === generation) return
  const message =
    'restores take another generation than the new one: its objects have later times, by the storage clock'
  logger.warn(message, { generation, newest: newest.generation, updated: newest.updatedAt.toISOString() })
}

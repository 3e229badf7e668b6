import { buffer } from 'node:stream/consumers'
import type { Position } from '../format/names.ts'
import type { StorageClient } from '../storage/client.ts'

/** True when the segment is there with just these bytes; false too when that cannot be found out. */
export async function isStored(
  client: StorageClient,
  position: Position,
  object: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await buffer(await client.openSegment(position, signal))).equals(object)
  } catch {
    return false
  }
}

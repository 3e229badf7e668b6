import type { AbsSender } from './sender.ts'

/** Requests at a time. Azure has no way to delete many blobs at once that every kind of account and token may use. */
const LANES = 16

/**
 * Deletes blobs with the snapshots that Azure keeps of them; those that are absent are no error.
 * @throws WherryError as every request does, when the requests that had begun are done
 */
export async function deleteBlobs(
  sender: AbsSender,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const queue = keys.values()
  let failed = false
  const lane = async () => {
    for (const key of queue) {
      if (failed) return
      try {
        await deleteBlob(sender, key, signal)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(LANES, keys.length) }, lane))
  for (const result of lanes) if (result.status === 'rejected') throw result.reason
}

async function deleteBlob(sender: AbsSender, key: string, signal: AbortSignal | undefined): Promise<void> {
  // Azure's "if exists" only turns the answer BlobNotFound into a success; it asks nothing before.
  await sender.send('DELETE', key, signal, (container, http) =>
    container.getBlobClient(key).deleteIfExists({ deleteSnapshots: 'include', ...http }),
  )
}

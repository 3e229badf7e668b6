import { hasCode } from '../../errors.ts'
import { objectPath } from './objects.ts'
import type { GcsSender } from './sender.ts'

/** Requests at a time: there is one for each object. */
const LANES = 16

/**
 * Deletes objects, in about their order; those that are absent are no error.
 * @throws WherryError as every request does; objects after the first failure are left
 */
export async function deleteObjects(
  sender: GcsSender,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const queue = names.values()
  let hasFailed = false
  const lane = async () => {
    for (const name of queue) {
      if (hasFailed) return
      await deleteObject(sender, name, signal)
    }
  }
  const lanes = Array.from({ length: Math.min(LANES, names.length) }, () =>
    lane().catch((error: unknown) => {
      hasFailed = true
      throw error
    }),
  )
  // All of them: nothing is deleted any more when the error comes.
  const ends = await Promise.allSettled(lanes)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

async function deleteObject(sender: GcsSender, name: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    const call = { method: 'DELETE', to: objectPath(sender.bucket, name) } as const
    await sender.ask(sender.request('DELETE', name), call, signal)
  } catch (error) {
    if (!hasCode(error, 'ERR_OBJECT_NOT_FOUND')) throw error
  }
}

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { type ErrorCode, hasCode } from '../../../engine/errors.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'

const MIB = 1 << 20

/** Checks code and message of a failure. */
export async function fails<T>(call: Promise<T>, code: ErrorCode, message = /./): Promise<Error> {
  const error = await call.then(
    () => new Error('It did not fail'),
    (error: unknown) => error,
  )
  assert(hasCode(error, code), `Not ${code}: ${String(error)}`)
  assert.match(error.message, message)
  return error
}

/** A body in these pieces. */
export async function* chunks(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

/** SHA-256 of all that comes, in hex. */
export async function digest(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

/** A body that waits for ever after `size` bytes, until it is released. */
export function stuckAfter(size: number, onStuck: () => void) {
  const released = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  async function* generate() {
    try {
      for (let sent = 0; sent < size; sent += MIB) yield randomBytes(MIB)
      onStuck()
      await released.promise
      yield randomBytes(MIB)
    } finally {
      ended.resolve()
    }
  }
  return { chunks: generate(), release: released.resolve, ended: ended.promise }
}

/**
 * One call of each kind, a snapshot in one request and one in several, all begun at once. Deleting a generation is a list
 * first.
 */
export function everyCall(storage: StorageClient, signal?: AbortSignal) {
  const generation = '00000000000000aa'
  const segment = { generation, index: 0, offset: 0 }
  const options = signal === undefined ? {} : { signal }
  const lists: Promise<unknown>[] = [
    storage.generations(signal),
    storage.snapshots(generation, signal),
    storage.segments(generation, options),
    storage.deleteGeneration(generation, signal),
  ]
  const writes: Promise<unknown>[] = [
    storage.writeSegment(segment, Buffer.from('x'), signal),
    ...[1, 20 * MIB].map((size) => storage.writeSnapshot(generation, 0, chunks([randomBytes(size)]), options)),
  ]
  const others: Promise<unknown>[] = [
    storage.openSegment(segment, signal),
    storage.deleteSegments([segment], signal),
    storage.deleteSnapshots(generation, [0], signal),
  ]
  const all = [...lists, ...writes, ...others]
  // They are awaited one after the other.
  for (const call of all) call.catch(() => {})
  return { lists, writes, all }
}

/** Works on the items, `lanes` at a time. */
export async function inParallel<T>(
  lanes: number,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

import type { Readable } from 'node:stream'
import { WherryError } from '../../engine/errors.ts'
import { keys, type Position } from '../../engine/format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../../engine/storage/client.ts'

export interface StorageCall {
  readonly method: Exclude<keyof StorageClient, 'close'>
  /** The object or folder it is about. */
  readonly key: string
  readonly atMs: number
}

/** Runs before a call reaches the storage: it may wait, and what it throws is the call's error. */
export type Gate = (call: StorageCall, signal: AbortSignal | undefined) => Promise<void> | void

/** A storage client around another one that notes every call, and lets a test delay or fail it. */
export class WatchedStorage implements StorageClient {
  readonly calls: StorageCall[] = []
  gate: Gate = () => {}
  /** How far the storage's clock is ahead of this machine's: in lists, and in the answers to writes. */
  clock = { listsMs: 0, writesMs: 0 }
  isClosed = false
  readonly #inner: StorageClient

  constructor(inner: StorageClient) {
    this.#inner = inner
  }

  count(method: StorageCall['method']): number {
    return this.calls.filter((call) => call.method === method).length
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    await this.#pass('generations', keys.generations, signal)
    return await this.#inner.generations(signal)
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    await this.#pass('snapshots', keys.snapshots(generation), signal)
    return (await this.#inner.snapshots(generation, signal)).map((info) => moved(info, this.clock.listsMs))
  }

  async segments(generation: string, options?: { fromIndex?: number; signal?: AbortSignal }): Promise<SegmentInfo[]> {
    await this.#pass('segments', keys.segments(generation), options?.signal)
    return (await this.#inner.segments(generation, options)).map((info) => moved(info, this.clock.listsMs))
  }

  async openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    await this.#pass('openSnapshot', keys.snapshot(generation, index), signal)
    return await this.#inner.openSnapshot(generation, index, signal)
  }

  async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    await this.#pass('openSegment', keys.segment(position), signal)
    return await this.#inner.openSegment(position, signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    options?: { sizeHintBytes?: number; signal?: AbortSignal },
  ): Promise<SnapshotInfo> {
    await this.#pass('writeSnapshot', keys.snapshot(generation, index), options?.signal)
    return moved(await this.#inner.writeSnapshot(generation, index, body, options), this.clock.writesMs)
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    await this.#pass('writeSegment', keys.segment(position), signal)
    return moved(await this.#inner.writeSegment(position, body, signal), this.clock.writesMs)
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    await this.#pass('deleteSnapshots', keys.snapshots(generation), signal)
    await this.#inner.deleteSnapshots(generation, indexes, signal)
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    await this.#pass('deleteSegments', keys.segments(positions[0]?.generation ?? ''), signal)
    await this.#inner.deleteSegments(positions, signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    await this.#pass('deleteGeneration', keys.generation(generation), signal)
    await this.#inner.deleteGeneration(generation, signal)
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.#inner.close()
  }

  async #pass(method: StorageCall['method'], key: string, signal: AbortSignal | undefined): Promise<void> {
    const call = { method, key, atMs: performance.now() }
    this.calls.push(call)
    await this.gate(call, signal)
  }
}

function moved<T extends { readonly createdAt: Date }>(info: T, ms: number): T {
  return { ...info, createdAt: new Date(info.createdAt.getTime() + ms) }
}

/** A server that never answers: ends when `signal` aborts, as every client promises. */
export async function hang(signal: AbortSignal | undefined): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
  throw new WherryError('ERR_CANCELLED', 'The hanging call was cancelled', { cause: signal?.reason })
}

/** A server that is not there. */
export function unreachable(): never {
  throw new WherryError('ERR_STORAGE_UNREACHABLE', 'The storage is unreachable: the test says so')
}

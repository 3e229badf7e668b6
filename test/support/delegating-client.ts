import type { Readable } from 'node:stream'
import type { Position } from '../../engine/format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../../engine/storage/client.ts'

/** Another client's storage; a test overrides what it wants to go wrong. */
export class DelegatingClient implements StorageClient {
  readonly inner: StorageClient

  constructor(inner: StorageClient) {
    this.inner = inner
  }

  generations(signal?: AbortSignal): Promise<string[]> {
    return this.inner.generations(signal)
  }

  snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    return this.inner.snapshots(generation, signal)
  }

  segments(generation: string, options?: { fromIndex?: number; signal?: AbortSignal }): Promise<SegmentInfo[]> {
    return this.inner.segments(generation, options)
  }

  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return this.inner.openSnapshot(generation, index, signal)
  }

  openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return this.inner.openSegment(position, signal)
  }

  writeSnapshot(...args: Parameters<StorageClient['writeSnapshot']>): Promise<SnapshotInfo> {
    return this.inner.writeSnapshot(...args)
  }

  writeSegment(...args: Parameters<StorageClient['writeSegment']>): Promise<SegmentInfo> {
    return this.inner.writeSegment(...args)
  }

  deleteSnapshots(...args: Parameters<StorageClient['deleteSnapshots']>): Promise<void> {
    return this.inner.deleteSnapshots(...args)
  }

  deleteSegments(...args: Parameters<StorageClient['deleteSegments']>): Promise<void> {
    return this.inner.deleteSegments(...args)
  }

  deleteGeneration(...args: Parameters<StorageClient['deleteGeneration']>): Promise<void> {
    return this.inner.deleteGeneration(...args)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

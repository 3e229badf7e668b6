import type { Readable } from 'node:stream'
import type { Position } from '../format/names.ts'
import type { LogFields } from '../log.ts'

/** Where a client tells what its user should know and what is no failure. */
export type StorageWarning = (message: string, fields: LogFields) => void

/** A snapshot as a replica lists it. `sizeBytes` is the stored (compressed) size; `createdAt` is the storage's own time. */
export interface SnapshotInfo {
  readonly generation: string
  readonly index: number
  readonly sizeBytes: number
  readonly createdAt: Date
}

/** A WAL segment as a replica lists it; sizes and times as in {@link SnapshotInfo}. */
export interface SegmentInfo extends Position {
  readonly sizeBytes: number
  readonly createdAt: Date
}

/**
 * The "dumb", stateless storage of one replica: it lists, opens, writes and deletes objects under one root and knows
 * nothing of positions or retention. Every client passes `test/engine/storage/contract.ts` against a real server.
 *
 * Promises of every client:
 * - lists come sorted (by index, then offset); names that are not of the format are left out; what is absent is an
 *   empty list;
 * - a write is visible whole or not at all, overwrites, and is durable when it resolves;
 * - an object that is absent is ERR_OBJECT_NOT_FOUND when opened, and no error when deleted;
 * - other errors are ERR_STORAGE_NO_BUCKET, ERR_STORAGE_DENIED, ERR_STORAGE_UNREACHABLE or ERR_STORAGE_LOCAL; their
 *   messages name the object and where it was looked for, never a secret;
 * - an aborted `signal` ends a call soon with ERR_CANCELLED, and leaves no half object;
 * - no call retries longer than a few seconds: whoever calls decides what to do next.
 */
export interface StorageClient {
  /** Names of the generations that have at least one object (or folder), sorted. */
  generations(signal?: AbortSignal): Promise<string[]>
  snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]>
  /** Segments of `generation` whose index is at least `fromIndex` (default 0). */
  segments(generation: string, options?: { fromIndex?: number; signal?: AbortSignal }): Promise<SegmentInfo[]>
  /** The stored bytes. The stream fails with one of the errors above when the connection breaks. */
  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable>
  openSegment(position: Position, signal?: AbortSignal): Promise<Readable>
  /**
   * Stores a body of unknown length with bounded memory.
   * @param sizeHintBytes a guess of the size that may be too high (the database's), for storage with a limit of parts
   */
  writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    options?: { sizeHintBytes?: number; signal?: AbortSignal },
  ): Promise<SnapshotInfo>
  writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo>
  deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void>
  deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void>
  /** Deletes everything under the generation, known names or not. */
  deleteGeneration(generation: string, signal?: AbortSignal): Promise<void>
  /** Gives back connections. Safe to call twice. */
  close(): Promise<void>
}

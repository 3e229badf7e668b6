import { decodeFrame } from '../format/lz4.ts'
import { formatPosition, keys } from '../format/names.ts'
import { frameSize, readFrameHeader, viewOf } from '../format/wal.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../storage/client.ts'
import type { RemoteEnd } from './resume.ts'

/** What a replica answered about one generation. */
export interface RemoteState {
  readonly snapshots: readonly SnapshotInfo[]
  /** Undefined without a snapshot: segments alone restore nothing. */
  readonly end: RemoteEnd | undefined
  /** There are segments without a snapshot: writing this generation anew would leave overlaps. */
  readonly hasRemains: boolean
}

/** A segment whose end is known. */
export interface KnownSegment extends SegmentInfo {
  readonly end: RemoteEnd
}

/**
 * Asks a replica how far it got: two listings, and the last segment, whose uncompressed length no listing tells.
 * @param known a segment that need not be read, if it still is the last one
 * @throws the storage's errors; ERR_REPLICA_DAMAGED when the last segment cannot be decoded
 */
export async function remoteState(
  client: StorageClient,
  generation: string,
  pageSize: number,
  signal: AbortSignal,
  known?: KnownSegment,
): Promise<RemoteState> {
  const snapshots = await client.snapshots(generation, signal)
  const newest = snapshots.at(-1)
  if (newest === undefined) {
    const remains = await client.segments(generation, { signal })
    return { snapshots, end: undefined, hasRemains: remains.length > 0 }
  }
  const segments = await client.segments(generation, { fromIndex: newest.index, signal })
  const last = segments.at(-1)
  if (last === undefined) {
    const end = { index: newest.index, offset: 0, checksum: undefined }
    return { snapshots, end, hasRemains: false }
  }
  const end = known && isSame(known, last) ? known.end : await segmentEnd(client, last, pageSize, signal)
  return { snapshots, end, hasRemains: false }
}

function isSame(one: SegmentInfo, other: SegmentInfo): boolean {
  return (
    formatPosition(one) === formatPosition(other) &&
    one.sizeBytes === other.sizeBytes &&
    one.createdAt.getTime() === other.createdAt.getTime()
  )
}

/**
 * The end of a segment, which only its content tells.
 * @param pageSize of the database, without which there is no checksum
 * @throws the storage's errors; ERR_REPLICA_DAMAGED
 */
export async function segmentEnd(
  client: StorageClient,
  segment: SegmentInfo,
  pageSize: number | undefined,
  signal: AbortSignal,
): Promise<RemoteEnd> {
  let length = 0
  let tail: Buffer = Buffer.alloc(0)
  for await (const block of decodeFrame(await client.openSegment(segment, signal), keys.segment(segment))) {
    length += block.length
    tail = Buffer.concat([tail, block]).subarray(-frameSize(pageSize ?? 0))
  }
  const checksum = pageSize === undefined ? undefined : lastChecksum(tail, pageSize)
  return { index: segment.index, offset: segment.offset + length, checksum }
}

function lastChecksum(tail: Buffer, pageSize: number): WalMark['checksum'] | undefined {
  return tail.length === frameSize(pageSize) ? readFrameHeader(viewOf(tail), 0).checksum : undefined
}

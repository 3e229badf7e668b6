import type { Segment } from '../database/segment.ts'
import { decodeWhole, encodeFrame, encodeSkippable } from '../format/lz4.ts'
import { keys } from '../format/names.ts'
import { encodeWalMark, type WalMark } from '../format/wal-mark.ts'

/** Waiting segments of one index are sent as one object while they are together no larger than this, uncompressed. */
const BATCH_BYTES = 8 << 20

/** The segments that wait for one replica, in order, all of one generation. It owns one use of each body. */
export class Outbox {
  #segments: Segment[] = []

  get segments(): readonly Segment[] {
    return this.#segments
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  /** Adds the next segment. One of a new generation makes those of the old one useless. */
  push(segment: Segment): void {
    this.keep(segment.generation)
    this.#segments.push(segment)
  }

  clear(): void {
    this.#drop(this.#segments)
  }

  /** Gives up what is of another generation. */
  keep(generation: string): void {
    if (this.#segments[0]?.generation !== generation) this.clear()
  }

  /** Compressed bytes that wait. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, { body }) => sum + body.size, 0)
  }

  /** Gives up everything before the segment number `first`. */
  dropBefore(first: number): void {
    this.#drop(this.#segments.slice(0, first))
  }

  /** Puts `segments`, which reach up to `end`, in the place of all that begins before it. */
  rebase(segments: readonly Segment[], end: WalMark): void {
    for (const { body } of segments) body.retain()
    const isBefore = ({ index, offset }: Segment): boolean =>
      index < end.index || (index === end.index && offset < end.offset)
    this.#drop(this.#segments.filter(isBefore))
    this.#segments = [...segments, ...this.#segments]
  }

  /** The next segments that may travel in one object: adjacent, of one index. */
  nextBatch(): Segment[] {
    const batch: Segment[] = []
    let bytes = 0
    for (const segment of this.#segments) {
      const last = batch.at(-1)
      bytes += segment.size
      if (last !== undefined && (segment.index !== last.index || bytes > BATCH_BYTES)) break
      batch.push(segment)
    }
    return batch
  }

  /** Takes stored segments out. Those that were dropped meanwhile do not matter. */
  stored(batch: readonly Segment[]): void {
    this.#drop(this.#segments.filter((segment) => batch.includes(segment)))
  }

  #drop(segments: readonly Segment[]): void {
    this.#segments = this.#segments.filter((segment) => !segments.includes(segment))
    for (const { body } of segments) body.release()
  }
}

/** The object for a batch: the one segment's bytes as they are, or all of them compressed anew as one frame. */
export async function batchObject(batch: readonly Segment[]): Promise<Buffer> {
  const [first] = batch
  if (first === undefined) throw new RangeError('A batch has at least one segment')
  if (batch.length === 1) return await first.body.read()
  const contents: Buffer[] = []
  for (const segment of batch) contents.push(await decodeWhole(await segment.body.read(), keys.segment(segment)))
  const mark = first.previousEnd
  const head = mark === undefined ? undefined : encodeSkippable(encodeWalMark(mark))
  return encodeFrame(Buffer.concat(contents), head)
}

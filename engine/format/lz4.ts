/**
 * LZ4 frames as Litestream 0.3 writes and reads them: one frame an object, independent blocks of at most 4 MiB, no block
 * checksums (its reader rejects them), a content checksum. Facts: the LZ4 frame format description 1.6.3, and
 * restores by Litestream 0.3.13. Only the frame is ours, since no package streams frames with bounded memory; the
 * checksum is xxhash-wasm's, fed block by block, because its memory grows to the longest input and never shrinks.
 */
import xxhash from 'xxhash-wasm'
import { compressBlock } from './lz4-block.ts'

export { release } from './lz4-block.ts'
export { decodeFrame, decodeWhole } from './lz4-decode.ts'

const { create32 } = await xxhash()

/** Content bytes of a full block. */
export const BLOCK_SIZE = 4 << 20

/** Skippable frames have one of 16 magics; ours is the eighth, readers skip them all. */
const SKIPPABLE_MAGIC = 0x184d2a57

const FRAME_HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9])

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A skippable frame around `payload`, for the head of an object. */
export function encodeSkippable(payload: Uint8Array): Buffer {
  return Buffer.concat([u32(SKIPPABLE_MAGIC), u32(payload.length), payload])
}

/**
 * One LZ4 frame of `content`, in one buffer that no longer refers to it.
 * @param head a skippable frame to stand before it (see {@link encodeSkippable})
 */
export function encodeFrame(content: Uint8Array, head?: Uint8Array): Buffer {
  const parts: Uint8Array[] = head === undefined ? [FRAME_HEADER] : [head, FRAME_HEADER]
  const sum = create32()
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    const block = content.subarray(at, at + BLOCK_SIZE)
    sum.update(block)
    parts.push(compressBlock(block))
  }
  parts.push(u32(0), u32(sum.digest()))
  return Buffer.concat(parts)
}

/**
 * One LZ4 frame of a stream, with one block in memory at a time.
 * @param blocks the content in pieces of {@link BLOCK_SIZE} bytes, the last one possibly shorter; a piece may be reused
 *   by its maker once the next is asked for
 */
export async function* encodeFrameStream(blocks: AsyncIterable<Uint8Array>, head?: Uint8Array): AsyncGenerator<Buffer> {
  const sum = create32()
  yield head === undefined ? FRAME_HEADER : Buffer.concat([head, FRAME_HEADER])
  for await (const block of blocks) {
    if (block.length > BLOCK_SIZE) throw new RangeError(`An LZ4 block holds ${BLOCK_SIZE} bytes, not ${block.length}`)
    if (block.length === 0) continue
    sum.update(block)
    yield compressBlock(block)
  }
  yield Buffer.concat([u32(0), u32(sum.digest())])
}

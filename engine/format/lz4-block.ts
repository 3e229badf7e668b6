/**
 * The LZ4 block codec: lz4-napi's, which puts the content's size where the frame format wants the block's size. Its
 * results live outside V8's heap, in allocations of the largest possible size, and a garbage collection is the only thing
 * that frees them: a stream of blocks would hold hundreds of megabytes. {@link release} gives them back at once.
 */
import lz4 from 'lz4-napi'

/** Bytes of the length word before a block. */
export const LENGTH_WORD = 4

/** Set in the length word of a block that is stored as it is. */
export const RAW_BLOCK = 0x80000000

/** LZ4 cannot expand a block further than this, so that a small block does not cost a buffer of 4 MiB. */
const MAX_EXPANSION = 255

/** What lz4-napi allocated; anything else is not ours to give back. */
const owned = new WeakSet<Uint8Array>()

/** Frees what {@link uncompressBlock} returned; `block` is empty afterwards. Anything else is left as it is. */
export function release(block: Uint8Array): void {
  const { buffer } = block
  if (owned.delete(block) && buffer instanceof ArrayBuffer && buffer.byteLength === block.length) buffer.transfer(0)
}

/** A block with its length word; stored as it is when compression would make it longer. */
export function compressBlock(content: Uint8Array): Buffer {
  const block = lz4.compressSync(Buffer.from(content.buffer, content.byteOffset, content.byteLength))
  owned.add(block)
  const length = block.length - LENGTH_WORD
  const stored = length >= content.length
  const result = Buffer.allocUnsafe(LENGTH_WORD + (stored ? content.length : length))
  result.set(stored ? content : block.subarray(LENGTH_WORD), LENGTH_WORD)
  result.writeUInt32LE(stored ? RAW_BLOCK + content.length : length, 0)
  release(block)
  return result
}

/**
 * The content of a compressed block; {@link release} it when it was used.
 *
 * @param bytes four bytes of room (left as they are), then the block
 * @param limit the most that the content may be
 * @param dictionary the content before the block, when it may refer to it
 * @throws lz4-napi's error when this is no LZ4 block, or its content is longer than `limit`
 */
export function uncompressBlock(bytes: Buffer, limit: number, dictionary: Buffer | undefined): Buffer {
  const room = bytes.readUInt32LE(0)
  bytes.writeUInt32LE(Math.min(limit, bytes.length * MAX_EXPANSION), 0)
  try {
    const content = lz4.uncompressSync(bytes, dictionary)
    owned.add(content)
    return content
  } finally {
    bytes.writeUInt32LE(room, 0)
  }
}

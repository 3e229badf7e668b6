/**
 * LZ4 frames as Litestream 0.3 writes and reads them: one frame an object, independent blocks of at most 4 MiB, no block
 * checksums (its reader rejects them), a content checksum. Facts: the LZ4 frame format description 1.6.3, and
 * restores by Litestream 0.3.13. The block codec is lz4-napi's, the checksum xxhash-wasm's; only the frame is ours,
 * since no package streams frames with bounded memory.
 */
import lz4 from 'lz4-napi'
import xxhash from 'xxhash-wasm'
import { messageOf, WherryError } from '../errors.ts'

const { create32, h32Raw } = await xxhash()

/** Content bytes of a full block. */
export const BLOCK_SIZE = 4 << 20

const MAGIC = 0x184d2204
const LEGACY_MAGIC = 0x184c2102
const LEGACY_BLOCK_SIZE = 8 << 20
/** Skippable frames have one of 16 magics; ours is the eighth, readers skip them all. */
const SKIPPABLE_MAGIC = 0x184d2a57
const MAX_SKIPPABLE_SIZE = 1 << 20
const RAW_BLOCK = 0x80000000
const DICTIONARY_SIZE = 64 << 10

const FRAME_HEADER = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9])

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A block with its length word; stored as it is when compression would make it longer. */
function encodeBlock(content: Uint8Array): Buffer[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  // lz4-napi puts the content's size before the block; the frame wants the block's size there.
  const block = lz4.compressSync(bytes)
  const length = block.length - 4
  if (length >= content.length) return [u32(RAW_BLOCK + content.length), bytes]
  block.writeUInt32LE(length, 0)
  return [block]
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
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    parts.push(...encodeBlock(content.subarray(at, at + BLOCK_SIZE)))
  }
  parts.push(u32(0), u32(h32Raw(content)))
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
    yield Buffer.concat(encodeBlock(block))
  }
  yield Buffer.concat([u32(0), u32(sum.digest())])
}

/** Cuts a stream of chunks into pieces of asked sizes, copying only where a piece spans chunks. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly `size` bytes, or fewer at the end of the stream. */
  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let missing = size
    while (missing > 0) {
      if (this.#chunk.length === 0 && !(await this.#pull())) break
      const part = this.#chunk.subarray(0, missing)
      this.#chunk = this.#chunk.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }

  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      const { done, value } = await this.#source.next()
      if (done) this.#ended = true
      else if (value.length > 0) {
        this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        return true
      }
    }
    return false
  }

  async close(): Promise<void> {
    this.#ended = true
    await this.#source.return?.()
  }
}

interface FrameOptions {
  readonly linked: boolean
  readonly blockChecksums: boolean
  readonly contentSize: bigint | undefined
  readonly contentChecksum: boolean
  readonly blockSize: number
}

/** Decodes one object; see {@link decodeFrame}. */
class FrameDecoder {
  readonly #reader: ByteReader
  readonly #name: string
  readonly #onSkippable: (payload: Buffer) => void

  constructor(source: AsyncIterable<Uint8Array>, name: string, onSkippable: (payload: Buffer) => void) {
    this.#reader = new ByteReader(source)
    this.#name = name
    this.#onSkippable = onSkippable
  }

  async *decode(): AsyncGenerator<Buffer> {
    try {
      const magic = await this.#magicAfterSkippables()
      if (magic === LEGACY_MAGIC) {
        yield* this.#legacyBlocks()
        return
      }
      if (magic !== MAGIC) this.#fail(`is not an LZ4 frame (it starts with 0x${magic.toString(16).padStart(8, '0')})`)
      yield* this.#blocks(await this.#header())
      if ((await this.#reader.take(1)).length > 0) this.#fail('has bytes after its LZ4 frame')
    } finally {
      await this.#reader.close()
    }
  }

  #fail(why: string, cause?: unknown): never {
    throw new WherryError('ERR_REPLICA_DAMAGED', `${this.#name} ${why}`, { cause })
  }

  async #exactly(size: number): Promise<Buffer> {
    const bytes = await this.#reader.take(size)
    if (bytes.length < size) this.#fail('is cut short')
    return bytes
  }

  async #word(): Promise<number> {
    return (await this.#exactly(4)).readUInt32LE()
  }

  async #magicAfterSkippables(): Promise<number> {
    for (;;) {
      const magic = await this.#word()
      if (magic >>> 4 !== SKIPPABLE_MAGIC >>> 4) return magic
      const size = await this.#word()
      if (size > MAX_SKIPPABLE_SIZE) this.#fail(`has a skippable frame of ${size} bytes`)
      this.#onSkippable(await this.#exactly(size))
    }
  }

  async #header(): Promise<FrameOptions> {
    const fixed = await this.#exactly(2)
    const flags = fixed.readUInt8(0)
    const sizes = fixed.readUInt8(1)
    if (flags >>> 6 !== 1) this.#fail(`has LZ4 frame version ${flags >>> 6}`)
    const sizeCode = (sizes >>> 4) & 7
    if (sizeCode < 4) this.#fail(`has LZ4 block size code ${sizeCode}`)
    const hasContentSize = (flags & 0x08) !== 0
    if ((flags & 0x01) !== 0) this.#fail('needs an LZ4 dictionary')
    const size = hasContentSize ? await this.#exactly(8) : Buffer.alloc(0)
    const check = (await this.#exactly(1)).readUInt8()
    if (((h32Raw(Buffer.concat([fixed, size])) >>> 8) & 0xff) !== check) this.#fail('has a damaged LZ4 frame header')
    return {
      linked: (flags & 0x20) === 0,
      blockChecksums: (flags & 0x10) !== 0,
      contentSize: hasContentSize ? size.readBigUInt64LE() : undefined,
      contentChecksum: (flags & 0x04) !== 0,
      blockSize: 1 << (8 + 2 * sizeCode),
    }
  }

  async *#blocks(options: FrameOptions): AsyncGenerator<Buffer> {
    const sum = create32()
    let total = 0n
    let dictionary: Buffer = Buffer.alloc(0)
    for (;;) {
      const word = await this.#word()
      if (word === 0) break
      const block = await this.#block(word, options.blockSize, options.blockChecksums, dictionary)
      if (options.linked) dictionary = Buffer.concat([dictionary, block]).subarray(-DICTIONARY_SIZE)
      sum.update(block)
      total += BigInt(block.length)
      yield block
    }
    if (options.contentChecksum && (await this.#word()) !== sum.digest()) this.#fail('does not match its checksum')
    if (options.contentSize !== undefined && options.contentSize !== total)
      this.#fail('does not match its content size')
  }

  async #block(word: number, limit: number, checksummed: boolean, dictionary: Buffer): Promise<Buffer> {
    const size = word & ~RAW_BLOCK
    if (size > limit) this.#fail(`has an LZ4 block of ${size} bytes where ${limit} is the limit`)
    // Four bytes of room before the block: lz4-napi reads the content's size (here: its bound) from there.
    const bytes = Buffer.allocUnsafe(4 + size)
    const body = bytes.subarray(4)
    body.set(await this.#exactly(size))
    if (checksummed && (await this.#word()) !== h32Raw(body)) this.#fail('has a block that does not match its checksum')
    return word >>> 31 === 1 ? body : this.#uncompress(bytes, limit, dictionary)
  }

  #uncompress(bytes: Buffer, limit: number, dictionary: Buffer): Buffer {
    // A block expands at most 255-fold, so that a small block does not cost a buffer of 4 MiB.
    bytes.writeUInt32LE(Math.min(limit, bytes.length * 255), 0)
    try {
      return lz4.uncompressSync(bytes, dictionary.length > 0 ? dictionary : null)
    } catch (error) {
      return this.#fail(`has a block that is not LZ4 (${messageOf(error)})`, error)
    }
  }

  async *#legacyBlocks(): AsyncGenerator<Buffer> {
    for (;;) {
      const word = await this.#reader.take(4)
      if (word.length === 0) return
      if (word.length < 4) this.#fail('is cut short')
      yield await this.#block(word.readUInt32LE(), LEGACY_BLOCK_SIZE, false, Buffer.alloc(0))
    }
  }
}

/**
 * Decodes the one LZ4 frame of an object, block by block (each at most 4 MiB, 8 in a legacy frame). Accepts what
 * Litestream 0.3.13 accepts, but nothing after the frame: a second frame or a cut one is an error, where that reader
 * would silently restore less.
 *
 * @param name the object, for messages
 * @param onSkippable gets the payload of each skippable frame before the frame
 * @throws WherryError ERR_REPLICA_DAMAGED when the bytes are not one whole LZ4 frame
 */
export function decodeFrame(
  source: AsyncIterable<Uint8Array>,
  name: string,
  onSkippable: (payload: Buffer) => void = () => {},
): AsyncGenerator<Buffer> {
  return new FrameDecoder(source, name, onSkippable).decode()
}

/** The whole content of an object that is in memory. */
export async function decodeWhole(object: Uint8Array, name: string): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of decodeFrame(oneChunk(object), name)) parts.push(part)
  return Buffer.concat(parts)
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

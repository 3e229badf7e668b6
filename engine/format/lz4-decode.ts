import xxhash from 'xxhash-wasm'
import { messageOf, WherryError } from '../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { LENGTH_WORD, RAW_BLOCK, release, uncompressBlock } from './lz4-block.ts'

const { create32, h32Raw } = await xxhash()

const FRAME_MAGIC = 0x184d2204
const LEGACY_MAGIC = 0x184c2102
/** `age-`, as an encrypted object begins that nobody decrypted. */
const AGE_MAGIC = 0x2d656761
const LEGACY_BLOCK_SIZE = 8 << 20
/** A legacy frame has no raw blocks: one that LZ4 cannot shrink is longer than its content. */
const LEGACY_BLOCK_BOUND = LEGACY_BLOCK_SIZE + Math.ceil(LEGACY_BLOCK_SIZE / 255) + 16
/** Skippable frames have 16 magics, which differ in the low four bits. */
const SKIPPABLE_MAGICS = 0x184d2a50 >>> 4
const MAX_SKIPPABLE_SIZE = 1 << 20
/** How far back a block of a linked frame may refer. */
const WINDOW_SIZE = 64 << 10

interface FrameOptions {
  readonly linked: boolean
  readonly blockChecksums: boolean
  readonly contentSize: bigint | undefined
  readonly contentChecksum: boolean
  readonly blockSize: number
}

/** The last 64 KiB of a linked frame's content. */
class Window {
  readonly #bytes = Buffer.allocUnsafe(2 * WINDOW_SIZE)
  #length = 0

  get bytes(): Buffer {
    return this.#bytes.subarray(Math.max(0, this.#length - WINDOW_SIZE), this.#length)
  }

  push(content: Buffer): void {
    const tail = content.subarray(-WINDOW_SIZE)
    if (this.#length + tail.length > this.#bytes.length) this.#length = this.bytes.copy(this.#bytes)
    this.#length += tail.copy(this.#bytes, this.#length)
  }
}

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
      if (magic === LEGACY_MAGIC) yield* this.#legacyBlocks()
      else if (magic === FRAME_MAGIC) yield* this.#frame(await this.#header())
      else if (magic === AGE_MAGIC) throw this.#encrypted()
      else this.#fail(`is not an LZ4 frame (its first word is 0x${magic.toString(16).padStart(8, '0')})`)
    } finally {
      await this.#reader.close()
    }
  }

  async #magicAfterSkippables(): Promise<number> {
    for (;;) {
      const magic = await this.#word()
      if (magic >>> 4 !== SKIPPABLE_MAGICS) return magic
      const size = await this.#word()
      if (size > MAX_SKIPPABLE_SIZE) this.#fail(`has a skippable frame of ${size} bytes`)
      this.#onSkippable(Buffer.from(await this.#exactly(size)))
    }
  }

  async #header(): Promise<FrameOptions> {
    const [flags = 0, sizes = 0] = await this.#exactly(2)
    if (flags >>> 6 !== 1) this.#fail(`has LZ4 frame version ${flags >>> 6}`)
    if ((flags & 0x01) !== 0) this.#fail('needs an LZ4 dictionary')
    const sizeCode = (sizes >>> 4) & 7
    if (sizeCode < 4) this.#fail(`has LZ4 block size code ${sizeCode}`)
    const hasContentSize = (flags & 0x08) !== 0
    const descriptor = Buffer.from([flags, sizes, ...(hasContentSize ? await this.#exactly(8) : [])])
    const check = (await this.#exactly(1)).readUInt8()
    if (((h32Raw(descriptor) >>> 8) & 0xff) !== check) this.#fail('has a damaged LZ4 frame header')
    return {
      linked: (flags & 0x20) === 0,
      blockChecksums: (flags & 0x10) !== 0,
      contentSize: hasContentSize ? descriptor.readBigUInt64LE(2) : undefined,
      contentChecksum: (flags & 0x04) !== 0,
      blockSize: 1 << (8 + 2 * sizeCode),
    }
  }

  async *#frame(options: FrameOptions): AsyncGenerator<Buffer> {
    const sum = create32()
    let size = 0n
    for await (const content of this.#blocks(options)) {
      sum.update(content)
      size += BigInt(content.length)
      yield content
    }
    if (options.contentChecksum && (await this.#word()) !== sum.digest()) this.#fail('does not match its checksum')
    if (options.contentSize !== undefined && options.contentSize !== size) this.#fail('does not match its content size')
    if ((await this.#reader.some(1)) !== undefined) this.#fail('has bytes after its LZ4 frame')
  }

  async *#blocks({ blockSize, blockChecksums, linked }: FrameOptions): AsyncGenerator<Buffer> {
    const window = linked ? new Window() : undefined
    for (let word = await this.#word(); word !== 0; word = await this.#word()) {
      const size = word & ~RAW_BLOCK
      if (size > blockSize) this.#fail(`has an LZ4 block of ${size} bytes where ${blockSize} is the limit`)
      const isRaw = word >>> 31 === 1
      const contents = isRaw
        ? this.#rawBlock(size, blockChecksums)
        : this.#compressedBlock(size, blockSize, blockChecksums, window?.bytes)
      for await (const content of contents) {
        window?.push(content) // before the yield: whoever gets the content may release it
        yield content
      }
    }
  }

  async *#rawBlock(size: number, checksummed: boolean): AsyncGenerator<Buffer> {
    const sum = create32()
    for (let missing = size; missing > 0; ) {
      const piece = await this.#reader.some(missing)
      if (piece === undefined) this.#fail('is cut short')
      missing -= piece.length
      if (checksummed) sum.update(piece)
      yield piece
    }
    if (checksummed) await this.#checkBlock(sum.digest())
  }

  async *#compressedBlock(
    size: number,
    limit: number,
    checksummed: boolean,
    dictionary?: Buffer,
  ): AsyncGenerator<Buffer> {
    const block = await this.#exactly(size, LENGTH_WORD)
    const content = this.#uncompress(block, limit, dictionary)
    const sum = checksummed ? h32Raw(block.subarray(LENGTH_WORD)) : 0
    if (checksummed) await this.#checkBlock(sum)
    yield content
  }

  async *#legacyBlocks(): AsyncGenerator<Buffer> {
    for (;;) {
      const first = await this.#reader.some(1)
      if (first === undefined) return
      const [low = 0] = first
      const size = low + 256 * (await this.#exactly(3)).readUIntLE(0, 3)
      if (size > LEGACY_BLOCK_BOUND) this.#fail(`has a legacy LZ4 block of ${size} bytes`)
      yield this.#uncompress(await this.#exactly(size, LENGTH_WORD), LEGACY_BLOCK_SIZE)
    }
  }

  #uncompress(block: Buffer, limit: number, dictionary?: Buffer): Buffer {
    try {
      return uncompressBlock(block, limit, dictionary)
    } catch (error) {
      return this.#fail(`has a block that is not LZ4 (${messageOf(error)})`, error)
    }
  }

  async #checkBlock(sum: number): Promise<void> {
    if ((await this.#word()) !== sum) this.#fail('has a block that does not match its checksum')
  }

  async #word(): Promise<number> {
    return (await this.#exactly(4)).readUInt32LE()
  }

  async #exactly(size: number, room = 0): Promise<Buffer> {
    return (await this.#reader.exactly(size, room)) ?? this.#fail('is cut short')
  }

  /** Not damage: what is right for it is not to begin anew, but to have the key. */
  #encrypted(): WherryError {
    return new WherryError('ERR_CONFIG', `${this.#name} is encrypted with age: set age.identities`)
  }

  #fail(why: string, cause?: unknown): never {
    throw new WherryError('ERR_REPLICA_DAMAGED', `${this.#name} ${why}`, { cause })
  }
}

/**
 * Decodes the one LZ4 frame of an object in pieces of at most 4 MiB (8 in a legacy frame). Accepts what Litestream
 * 0.3.13 accepts, but nothing after the frame: a second frame or a cut one is an error, where that reader would silently
 * restore less. The checksum comes last: what was yielded is proven only when the generator ends without an error.
 *
 * @param name the object, for messages
 * @param onSkippable gets the payload of each skippable frame before the frame
 * @returns pieces that belong to the caller, who may {@link release} each to keep memory low
 * @throws WherryError ERR_REPLICA_DAMAGED when the bytes are not one whole LZ4 frame; ERR_CONFIG when they are encrypted
 *   with age; the source's own errors
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
  const pieces: Buffer[] = []
  for await (const piece of decodeFrame(oneChunk(object), name)) pieces.push(piece)
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0]
  const content = Buffer.concat(pieces)
  for (const piece of pieces) release(piece)
  return content
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

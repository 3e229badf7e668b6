import assert from 'node:assert/strict'
import test from 'node:test'
import lz4 from 'lz4-napi'
import xxhash from 'xxhash-wasm'
import {
  BLOCK_SIZE,
  decodeFrame,
  decodeWhole,
  encodeFrame,
  encodeFrameStream,
  encodeSkippable,
  release,
} from '../../../engine/format/lz4.ts'
import { Random } from '../../support/random.ts'
import { content, frames } from './lz4-fixtures.ts'

const { h32Raw } = await xxhash()

const HEADER = Buffer.from('04224d186470b9', 'hex')
const END = Buffer.alloc(4)
const word = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const raw = (bytes: Buffer) => Buffer.concat([word(0x80000000 + bytes.length), bytes])
const compressed = (bytes: Buffer) => {
  const block = lz4.compressSync(bytes)
  block.writeUInt32LE(block.length - 4, 0)
  return block
}

/** A frame with the header of flags and block size code, made of blocks. */
function frame(blocks: Buffer[], whole: Buffer, { flags = 0x64, sizes = 0x70, checksum = h32Raw(whole) } = {}): Buffer {
  const descriptor = Buffer.from([flags, sizes])
  const check = Buffer.from([(h32Raw(descriptor) >>> 8) & 0xff])
  return Buffer.concat([HEADER.subarray(0, 4), descriptor, check, ...blocks, END, word(checksum)])
}

/** The bytes in chunks of a size, each in memory of its own that ends with it. */
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.subarray(at, at + size))
}

async function decodeChunks(bytes: Uint8Array, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of decodeFrame(chunks(bytes, size), 'object')) {
    pieces.push(Buffer.from(piece))
    release(piece)
  }
  return Buffer.concat(pieces)
}

async function assertDecodes(object: Buffer, expected: Buffer): Promise<void> {
  const before = Buffer.from(object)
  assert.ok((await decodeWhole(object, 'object')).equals(expected))
  for (const size of [1, 7, 1000, 65_536]) {
    if (object.length / size < 10_000)
      assert.ok((await decodeChunks(object, size)).equals(expected), `chunks of ${size}`)
  }
  assert.ok(object.equals(before), 'The object itself stays as it is')
}

async function assertDamaged(object: Buffer, why: RegExp): Promise<void> {
  for (const decode of [() => decodeWhole(object, 'object'), () => decodeChunks(object, 5)]) {
    await assert.rejects(decode, (error: Error & { code: string }) => {
      assert.equal(error.code, 'ERR_REPLICA_DAMAGED')
      assert.match(error.message, /^object /)
      assert.match(error.message, why)
      return true
    })
  }
}

for (const [what, object] of frames) {
  test(`Decodes what the reference tool writes: ${what}`, async () => assertDecodes(object, content))
}

const [half, rest] = [content.subarray(0, 50_000), content.subarray(50_000)]
const variants: [string, Buffer, Buffer][] = [
  ['no block at all', frame([], Buffer.alloc(0)), Buffer.alloc(0)],
  ['stored blocks', frame([raw(half), raw(rest)], content), content],
  ['stored and compressed blocks', frame([raw(half), compressed(rest)], content), content],
  [
    'blocks of one byte',
    frame(
      [...content.subarray(0, 50)].map((byte) => raw(Buffer.from([byte]))),
      content.subarray(0, 50),
    ),
    content.subarray(0, 50),
  ],
  ['linked blocks, one of them stored', frame([raw(half), compressed(rest)], content, { flags: 0x44 }), content],
  ['a stored block with a checksum', frame([raw(content), word(h32Raw(content))], content, { flags: 0x74 }), content],
  [
    'skippable frames at its head',
    Buffer.concat([encodeSkippable(half), word(0x184d2a50), word(0), frame([compressed(content)], content)]),
    content,
  ],
]

for (const [what, object, expected] of variants) {
  test(`Decodes a frame with ${what}`, async () => assertDecodes(object, expected))
}

test('A block of a linked frame may refer to the 64 KiB before it', async () => {
  const noise = new Random(5)
  const dictionary = noise.bytes(65_536)
  const tail = Buffer.concat([dictionary.subarray(0, 5000), dictionary.subarray(-5000)])
  const block = lz4.compressSync(tail, dictionary)
  block.writeUInt32LE(block.length - 4, 0)
  assert.ok(block.length < tail.length)
  // What comes first is pushed out again, and the dictionary comes in pieces.
  const before = Buffer.concat([noise.bytes(100_000), dictionary])
  const pieces = [before.subarray(0, 90_000), before.subarray(90_000, 120_000), before.subarray(120_000)]
  const whole = Buffer.concat([before, tail])
  await assertDecodes(frame([...pieces.map(raw), block], whole, { flags: 0x44 }), whole)
})

const damage: [string, Buffer, RegExp][] = [
  ['nothing', Buffer.alloc(0), /is cut short$/],
  ['text', Buffer.from('SQLite format 3'), /is not an LZ4 frame \(its first word is 0x694c5153\)$/],
  [
    'a second frame',
    Buffer.concat([frame([], Buffer.alloc(0)), frame([], Buffer.alloc(0))]),
    /has bytes after its LZ4 frame$/,
  ],
  ['a byte too many', Buffer.concat([encodeFrame(content), Buffer.alloc(1)]), /has bytes after its LZ4 frame$/],
  ['a wrong content checksum', frame([raw(half)], half, { checksum: 1 }), /does not match its checksum$/],
  [
    'a wrong block checksum',
    frame([raw(half), word(1)], half, { flags: 0x74 }),
    /has a block that does not match its checksum$/,
  ],
  [
    'a wrong checksum of a compressed block',
    frame([compressed(half), word(1)], half, { flags: 0x74 }),
    /has a block that does not match/,
  ],
  ['a wrong header checksum', Buffer.from('04224d186470ba', 'hex'), /has a damaged LZ4 frame header$/],
  ['another version', frame([], Buffer.alloc(0), { flags: 0x24 }), /has LZ4 frame version 0$/],
  ['a dictionary', frame([], Buffer.alloc(0), { flags: 0x65 }), /needs an LZ4 dictionary$/],
  ['a reserved block size', frame([], Buffer.alloc(0), { sizes: 0x30 }), /has LZ4 block size code 3$/],
  [
    'a stored block beyond the limit',
    frame([raw(content)], content, { sizes: 0x40 }),
    /has an LZ4 block of 111000 bytes where 65536 is/,
  ],
  [
    'a block that expands beyond the limit',
    frame([compressed(content)], content, { sizes: 0x40 }),
    /has a block that is not LZ4/,
  ],
  [
    'a block of nonsense',
    frame([Buffer.concat([word(3), Buffer.alloc(3, 0xff)])], half),
    /has a block that is not LZ4/,
  ],
  [
    'a huge skippable frame',
    Buffer.concat([word(0x184d2a50), word(0x7fffffff)]),
    /has a skippable frame of 2147483647 bytes$/,
  ],
  [
    'a legacy block beyond the limit',
    Buffer.concat([word(0x184c2102), word(0x7fffffff)]),
    /has a legacy LZ4 block of 2147483647 bytes$/,
  ],
]

for (const [what, object, why] of damage) {
  test(`Refuses ${what}`, async () => assertDamaged(object, why))
}

test('Refuses a wrong content size', async () => {
  const object = Buffer.from(frames.find(([what]) => what === 'a content size')?.[1] ?? [])
  object.writeUInt32LE(content.length + 1, 6)
  object.writeUInt8((h32Raw(object.subarray(4, 14)) >>> 8) & 0xff, 14)
  await assertDamaged(object, /does not match its content size$/)
})

test('Refuses a frame that is cut, wherever', async () => {
  const object = encodeFrame(content, encodeSkippable(Buffer.from('mark')))
  for (let length = 0; length < object.length; length++) {
    await assert.rejects(decodeWhole(object.subarray(0, length), 'object'), { message: 'object is cut short' })
  }
})

test('Damage at random is an error or makes no difference', async () => {
  const random = new Random(1)
  let errors = 0
  for (let round = 0; round < 2000; round++) {
    const [what, original] = random.pick(frames)
    const object = Buffer.from(original)
    for (let flips = random.between(1, 4); flips > 0; flips--) {
      object.writeUInt8(random.between(0, 255), random.between(0, object.length - 1))
    }
    try {
      const decoded = await decodeWhole(object, 'object')
      const isProven = what !== 'the legacy format' && what !== 'no content checksum'
      if (isProven) assert.ok(decoded.equals(content))
      else assert.ok(decoded.length <= 255 * object.length)
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'ERR_REPLICA_DAMAGED', String(error))
      errors++
    }
  }
  assert.ok(errors > 1000, `${errors} errors`)
})

test('Random bytes behind a header are an error', async () => {
  const random = new Random(2)
  for (let round = 0; round < 1000; round++) {
    const noise = random.bytes(random.between(0, 300))
    // A length word that fits, so that the block itself is looked at.
    if (noise.length > 4) noise.writeUInt32LE(random.between(0, noise.length - 4), 0)
    await assert.rejects(decodeWhole(Buffer.concat([HEADER, noise]), 'object'), { code: 'ERR_REPLICA_DAMAGED' })
  }
})

test('Writes the header, blocks and trailer that Litestream writes', async () => {
  const noise = new Random(3).bytes(5000)
  const whole = Buffer.concat([Buffer.alloc(BLOCK_SIZE, 'ab'), noise])
  const object = encodeFrame(whole)
  assert.ok(object.subarray(0, 7).equals(HEADER))
  const first = object.readUInt32LE(7)
  assert.ok(first < 100_000)
  assert.equal(object.readUInt32LE(11 + first), 0x80000000 + noise.length)
  assert.ok(object.subarray(15 + first, -8).equals(noise))
  assert.ok(object.subarray(-8).equals(Buffer.concat([END, word(h32Raw(whole))])))
  await assertDecodes(object, whole)
})

test('Writes the same as a stream, with one buffer for all pieces', async () => {
  const whole = Buffer.concat([content, new Random(4).bytes(BLOCK_SIZE), content])
  const piece = Buffer.alloc(BLOCK_SIZE)
  const parts: Buffer[] = []
  async function* pieces() {
    for (let at = 0; at < whole.length; at += BLOCK_SIZE) {
      yield piece.subarray(0, whole.copy(piece, 0, at))
      yield Buffer.alloc(0)
    }
  }
  for await (const part of encodeFrameStream(pieces(), encodeSkippable(Buffer.from('mark')))) parts.push(part)
  assert.ok(Buffer.concat(parts).equals(encodeFrame(whole, encodeSkippable(Buffer.from('mark')))))
})

test('An empty content is a frame without blocks', async () => {
  await assertDecodes(encodeFrame(Buffer.alloc(0)), Buffer.alloc(0))
})

test('Refuses to write a piece longer than a block', async () => {
  await assert.rejects(async () => {
    for await (const _ of encodeFrameStream(chunks(Buffer.alloc(BLOCK_SIZE + 1), 2 ** 30)));
  }, RangeError)
})

test('Hands out the payload of skippable frames', async () => {
  const payloads: string[] = []
  const object = Buffer.concat([
    encodeSkippable(Buffer.from('one')),
    encodeFrame(content, encodeSkippable(Buffer.from('two'))),
  ])
  const pieces = decodeFrame(chunks(object, 3), 'object', (payload) => payloads.push(payload.toString()))
  for await (const piece of pieces) release(piece)
  assert.deepEqual(payloads, ['one', 'two'])
})

test('Released memory is gone, and only memory of ours', async () => {
  const source = frame([compressed(half), raw(rest)], content)
  const pieces: Buffer[] = []
  for await (const piece of decodeFrame(chunks(source, source.length), 'object')) {
    assert.ok(piece.length > 0)
    release(piece)
    pieces.push(piece)
  }
  assert.equal(pieces[0]?.length, 0)
  assert.ok(pieces[1]?.equals(rest), 'A stored block lies in the chunk')
  release(source)
  assert.ok(source.length > 0)
})

test('Closes its source at the end, at an error, and when nobody wants more', async () => {
  for (const [object, wanted] of [
    [encodeFrame(content), 10],
    [encodeFrame(content).subarray(0, -1), 10],
    [Buffer.concat([encodeFrame(content), END]), 10],
    [frame([raw(half), raw(rest)], content), 1],
  ] as const) {
    let isClosed = false
    const source = async function* () {
      try {
        yield* chunks(object, 100)
        yield* chunks(Buffer.alloc(0), 1)
      } finally {
        isClosed = true
      }
    }
    let got = 0
    try {
      for await (const _ of decodeFrame(source(), 'object')) if (++got === wanted) break
    } catch {}
    assert.ok(isClosed)
  }
})

test('An error of the source passes through', async () => {
  const error = new Error('The connection broke')
  async function* source() {
    yield HEADER
    throw error
  }
  await assert.rejects(async () => {
    for await (const _ of decodeFrame(source(), 'object'));
  }, error)
})

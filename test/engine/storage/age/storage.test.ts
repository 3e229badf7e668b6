import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { WherryError } from '../../../../engine/errors.ts'
import { keys } from '../../../../engine/format/names.ts'
import { AgeStorage } from '../../../../engine/storage/age/storage.ts'
import type { StorageClient } from '../../../../engine/storage/client.ts'
import { FileStorage } from '../../../../engine/storage/file/storage.ts'
import { Meter } from '../../../../engine/storage/meter.ts'
import { openStorage } from '../../../../engine/storage/open.ts'
import type { AgeOptions } from '../../../../engine/storage/options.ts'
import { DelegatingClient } from '../../../support/delegating-client.ts'
import { storageContract } from '../contract.ts'
import { chunks, digest, fails } from '../contract-tools.ts'
import { folderStage } from '../file/stage.ts'
import { newKeys } from './keys.ts'
import { encryptedStage, HEAD_SIZE, sealedSize } from './stage.ts'

const GENERATION = '00000000000000aa'
const FIRST = { generation: GENERATION, index: 0, offset: 0 }
const CHUNK = 64 << 10
const MIB = 1 << 20

const { identity, recipient, age } = await newKeys()
const stranger = await newKeys()

async function* brokenAfter(bytes: Buffer, failure: Error) {
  if (bytes.length > 0) yield bytes
  throw failure
}

describe('age storage', () => {
  let root = ''
  let count = 0
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-age-'))
  })
  after(() => rm(root, { recursive: true }))

  function newReplica(options: AgeOptions = age) {
    const path = join(root, String(count++))
    const plain = new FileStorage({ type: 'file', path })
    return { plain, client: new AgeStorage(plain, options), file: join(path, keys.segment(FIRST)) }
  }

  describe('contract', () => storageContract(async () => encryptedStage(folderStage(join(root, String(count++))), age)))

  test('objects of every size around a chunk, stored at once or in a stream, are read as they were written', async () => {
    const { client } = newReplica()
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]) {
      const content = randomBytes(size)
      const stored = [
        await client.writeSegment(FIRST, content),
        await client.writeSnapshot(GENERATION, 0, chunks([content])),
      ]
      assert.deepEqual(
        stored.map(({ sizeBytes }) => sizeBytes),
        [sealedSize(size), sealedSize(size)],
      )
      assert.deepEqual(await buffer(await client.openSegment(FIRST)), content)
      assert.deepEqual(await buffer(await client.openSnapshot(GENERATION, 0)), content)
    }
  })

  test('content in pieces of any size is read as it was written, and as a whole', async () => {
    const { client, plain } = newReplica()
    const content = randomBytes(300_000)
    for (const size of [1000, CHUNK, CHUNK + 16, 100_000]) {
      const cut = (bytes: Buffer) =>
        Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      await client.writeSnapshot(GENERATION, 0, chunks(cut(content)))
      const stored = await buffer(await plain.openSnapshot(GENERATION, 0))
      const inPieces = new DelegatingClient(plain)
      inPieces.openSnapshot = async () => Readable.from(cut(stored))
      assert.deepEqual(await buffer(await new AgeStorage(inPieces, age).openSnapshot(GENERATION, 0)), content)
    }
    const byByte = new DelegatingClient(plain)
    await client.writeSegment(FIRST, content.subarray(0, 500))
    const stored = await buffer(await plain.openSegment(FIRST))
    byByte.openSegment = async () => Readable.from(Array.from(stored, (byte) => Buffer.from([byte])))
    assert.deepEqual(await buffer(await new AgeStorage(byByte, age).openSegment(FIRST)), content.subarray(0, 500))
  })

  test('what is stored tells nothing of the content, and differs each time', async () => {
    const { client, plain } = newReplica()
    const content = Buffer.alloc(1000, 'secret ')
    const stored: Buffer[] = []
    for (const _ of [1, 2]) {
      await client.writeSegment(FIRST, content)
      stored.push(await buffer(await plain.openSegment(FIRST)))
    }
    const [a, b] = stored
    assert(a?.indexOf('age-encryption.org/v1\n') === 0 && !a.includes('secret'))
    assert.notDeepEqual(a, b)
  })

  test('every recipient reads it, and an old identity reads what is old', async () => {
    const both = newReplica({ recipients: [recipient, stranger.recipient], identities: [identity] })
    await both.client.writeSegment(FIRST, Buffer.from('for two'))
    const second = new AgeStorage(both.plain, stranger.age)
    assert.equal((await buffer(await second.openSegment(FIRST))).toString(), 'for two')
    const rotated = new AgeStorage(both.plain, {
      recipients: [stranger.recipient],
      identities: [stranger.identity, identity],
    })
    await newReplica().client.writeSegment(FIRST, Buffer.from('old'))
    assert.equal((await buffer(await rotated.openSegment(FIRST))).toString(), 'for two')
  })

  test('an identity for which an object is not encrypted is an error that names the object', async () => {
    const { plain, client } = newReplica()
    await client.writeSegment(FIRST, Buffer.from('x'))
    const stream = await new AgeStorage(plain, stranger.age).openSegment(FIRST)
    const error = await fails(
      buffer(stream),
      'ERR_CONFIG',
      /generations\/00000000000000aa\/wal\/.*other keys than age\.identities/,
    )
    assert.doesNotMatch(error.message, /AGE-SECRET/)
  })

  test('an object that is not encrypted is read as it is', async () => {
    const { plain, client } = newReplica()
    for (const text of ['', 'a', 'age', 'agx-', 'an old object']) {
      await plain.writeSegment(FIRST, Buffer.from(text))
      assert.equal((await buffer(await client.openSegment(FIRST))).toString(), text)
    }
  })

  test('no byte can be changed, and no end cut off', async () => {
    const { client, file } = newReplica()
    const content = randomBytes(2 * CHUNK)
    await client.writeSegment(FIRST, content)
    const stored = await readFile(file)
    const places = [
      0,
      4,
      21,
      30,
      60,
      100,
      165,
      167,
      168,
      183,
      184,
      HEAD_SIZE + CHUNK,
      HEAD_SIZE + CHUNK + 16,
      stored.length - 1,
    ]
    for (const at of places) {
      const changed = Buffer.from(stored)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      await writeFile(file, changed)
      const outcome = await buffer(await client.openSegment(FIRST)).catch((error: unknown) => error)
      // An object that no longer looks like age's comes through as it is: its decoder finds out.
      if (at < 4) assert.deepEqual(outcome, changed)
      else
        assert(
          outcome instanceof Error && /generations.*(damaged|other keys)/.test(outcome.message),
          `at ${at}: ${outcome}`,
        )
    }
    await writeFile(file, stored)
    const ends = [
      stored.length - 1,
      stored.length - 16,
      HEAD_SIZE + CHUNK + 17,
      HEAD_SIZE + CHUNK + 16,
      HEAD_SIZE + 16,
      HEAD_SIZE,
      170,
      168,
      100,
      4,
    ]
    for (const end of ends) {
      await truncate(file, end)
      await fails(
        buffer(await client.openSegment(FIRST)),
        'ERR_REPLICA_DAMAGED',
        /generations.* is damaged: .*cut short/,
      )
    }
    await writeFile(file, Buffer.concat([stored, Buffer.from('x')]))
    await fails(buffer(await client.openSegment(FIRST)), 'ERR_REPLICA_DAMAGED')
    const [first, second] = [
      stored.subarray(HEAD_SIZE, HEAD_SIZE + CHUNK + 16),
      stored.subarray(HEAD_SIZE + CHUNK + 16),
    ]
    await writeFile(file, Buffer.concat([stored.subarray(0, HEAD_SIZE), second, first]))
    await fails(buffer(await client.openSegment(FIRST)), 'ERR_REPLICA_DAMAGED', /after 0 bytes/)
  })

  /** Counts what is read of snapshots. */
  function counted(plain: StorageClient) {
    const counting = new DelegatingClient(plain)
    const read = { bytes: 0 }
    counting.openSnapshot = async (...args) => {
      const stream = await plain.openSnapshot(...args)
      stream.on('data', (chunk: Buffer) => {
        read.bytes += chunk.length
      })
      return stream
    }
    return { client: new AgeStorage(counting, age), read }
  }

  test('an endless header is given up', async () => {
    const { plain } = newReplica()
    for (const endless of ['-> X25519 x\n', '-> ', '--- ']) {
      await plain.writeSnapshot(
        GENERATION,
        0,
        chunks([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(MIB, endless)]),
      )
      const { client, read } = counted(plain)
      await fails(buffer(await client.openSnapshot(GENERATION, 0)), 'ERR_REPLICA_DAMAGED', /header is .* longer than/)
      assert(read.bytes < MIB / 2, `${read.bytes} bytes`)
    }
  })

  test('the head of a big object takes a few chunks, not the object', async () => {
    const { plain, client: writer } = newReplica()
    await writer.writeSnapshot(GENERATION, 0, chunks([Buffer.alloc(32 * MIB)]))
    const { client, read } = counted(plain)
    for await (const piece of await client.openSnapshot(GENERATION, 0)) {
      assert(piece.length >= CHUNK)
      break
    }
    assert(read.bytes < 2 * MIB, `${read.bytes} bytes`)
  })

  test('a connection that breaks is its own error, and no damage', async () => {
    const { plain, client } = newReplica()
    await client.writeSnapshot(GENERATION, 0, chunks([randomBytes(MIB)]))
    const stored = await buffer(await plain.openSnapshot(GENERATION, 0))
    const failure = new WherryError('ERR_STORAGE_UNREACHABLE', 'The connection broke')
    for (const end of [0, 50, 170, 300_000, stored.length]) {
      const breaking = new DelegatingClient(plain)
      breaking.openSnapshot = async () =>
        Readable.from(brokenAfter(stored.subarray(0, end), failure), { objectMode: false })
      const read = buffer(await new AgeStorage(breaking, age).openSnapshot(GENERATION, 0))
      await assert.rejects(read, (error) => error === failure, `after ${end} bytes`)
    }
  })

  test('a stream that is destroyed ends its source, which may have nothing to give', { timeout: 10_000 }, async () => {
    const { plain, client } = newReplica()
    await client.writeSnapshot(GENERATION, 0, chunks([randomBytes(MIB)]))
    const stored = await buffer(await plain.openSnapshot(GENERATION, 0))
    for (const end of [0, 50, 170, 300_000]) {
      const stuck = new DelegatingClient(plain)
      const source = new PassThrough()
      if (end > 0) source.write(stored.subarray(0, end))
      stuck.openSnapshot = async () => source
      const stream = await new AgeStorage(stuck, age).openSnapshot(GENERATION, 0)
      if (end > CHUNK) await once(stream, 'readable')
      stream.destroy()
      if (!source.closed) await once(source, 'close').catch(() => {})
      assert(source.destroyed)
    }
  })

  test('a write that fails has ended its body', async () => {
    const { plain } = newReplica()
    const failing = new DelegatingClient(plain)
    const failure = new Error('the disk is full')
    failing.writeSnapshot = async (_generation, _index, stored) => {
      for await (const _ of stored) throw failure
      throw new Error('There was nothing')
    }
    let ended = false
    async function* body() {
      try {
        for (;;) {
          await setImmediate()
          yield randomBytes(MIB)
        }
      } finally {
        await setImmediate()
        ended = true
      }
    }
    await assert.rejects(
      new AgeStorage(failing, age).writeSnapshot(GENERATION, 0, body()),
      (error) => error === failure,
    )
    assert(ended)
  })

  test('a big snapshot goes both ways in little memory', async () => {
    const piece = randomBytes(MIB)
    const size = 256 * MIB
    let peak = 0
    const measure = () => {
      const { arrayBuffers, heapUsed } = process.memoryUsage()
      peak = Math.max(peak, arrayBuffers + heapUsed)
    }
    async function* body() {
      for (let sent = 0; sent < size; sent += MIB) {
        measure()
        yield piece
      }
    }
    measure()
    const base = peak
    const { plain } = newReplica()
    const pipe = new DelegatingClient(plain)
    pipe.writeSnapshot = async (generation, index, stored) => {
      pipe.openSnapshot = async () => Readable.from(stored, { objectMode: false })
      return { generation, index, sizeBytes: 0, createdAt: new Date() }
    }
    const both = new AgeStorage(pipe, age)
    await both.writeSnapshot(GENERATION, 0, body())
    const hash = createHash('sha256')
    for (let sent = 0; sent < size; sent += MIB) hash.update(piece)
    assert.equal(await digest(await both.openSnapshot(GENERATION, 0)), hash.digest('hex'))
    assert(peak - base < 100 * MIB, `${Math.round((peak - base) / MIB)} MiB`)
  })

  test('what is counted is what is stored', async () => {
    const storage = { type: 'file', path: join(root, String(count++)) } as const
    const meter = new Meter()
    const client = await openStorage({ storage, age }, { meter })
    const { sizeBytes } = await client.writeSegment(FIRST, Buffer.alloc(1000))
    await buffer(await client.openSegment(FIRST))
    assert.equal(sizeBytes, sealedSize(1000))
    assert.equal(meter.figures.PUT.bytes, sizeBytes)
    assert.equal(meter.figures.GET.bytes, sizeBytes)
  })

  test('keys that are none are refused by name, and never quoted', async () => {
    const storage = { type: 'file', path: join(root, 'never') } as const
    const open = (options: AgeOptions) => openStorage({ storage, age: options })
    await fails(open({ recipients: ['age1nokey'], identities: [] }), 'ERR_CONFIG', /^age\.recipients: key 1 is not/)
    const error = await fails(
      open({ recipients: [], identities: [`${identity}X`] }),
      'ERR_CONFIG',
      /^age\.identities: key 1/,
    )
    assert(!error.message.includes(identity))
  })
})

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { keys, type Position } from '../../../engine/format/names.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'
import { chunks, digest, fails, inParallel, stuckAfter } from './contract-tools.ts'

/** One empty replica root, and what a test has to do there behind the client's back. */
export interface Stage {
  readonly client: StorageClient
  /** How many bytes a body of `size` takes when it is stored. @default as many */
  storedSize?(size: number): number
  /** Stores an object under any key below the root. */
  put(key: string, body: string): Promise<void>
  /** Every key below the root, also of what no reader would list. */
  keys(): Promise<string[]>
  /** What began to be stored and neither became an object nor was cleaned up. */
  unfinished(): Promise<string[]>
}

const A = '00000000000000aa'
const B = '00000000000000bb'
const MIB = 1 << 20

function at(index: number, offset = 0, generation = A): Position {
  return { generation, index, offset }
}

function storedSize(stage: Stage, size: number): number {
  return stage.storedSize?.(size) ?? size
}

/** The promises of `StorageClient`, one test each. `open` gives each test a fresh root and a client for it. */
export function storageContract(open: () => Promise<Stage>): void {
  const check = (name: string, run: (stage: Stage) => Promise<void>) =>
    test(name, async () => {
      const stage = await open()
      try {
        await run(stage)
        assert.deepEqual(await stage.unfinished(), [])
      } finally {
        await stage.client.close()
      }
    })

  check('lists of what is absent are empty', async ({ client }) => {
    assert.deepEqual(await client.generations(), [])
    assert.deepEqual(await client.snapshots(A), [])
    assert.deepEqual(await client.segments(A), [])
  })

  check('generations are sorted, and other names left out', async (stage) => {
    await stage.client.writeSegment(at(0, 0, B), Buffer.from('b'))
    await stage.client.writeSnapshot(A, 0, chunks([Buffer.from('a')]))
    for (const name of ['00000000000000CC', '00000000000000c', '00000000000000ccc', 'other']) {
      await stage.put(`generations/${name}/wal/00000000_00000000.wal.lz4`, 'x')
    }
    await stage.put('generations/00000000000000cc', 'an object, not a folder')
    assert.deepEqual(await stage.client.generations(), [A, B])
  })

  check('snapshots are sorted, and other names left out', async (stage) => {
    for (const index of [0x10, 2, 0xa, 0x7fffffff]) {
      await stage.client.writeSnapshot(A, index, chunks([Buffer.alloc(index & 0xff, 1)]))
    }
    for (const name of [
      '0000000A.snapshot.lz4',
      '00000003.snapshot',
      '000000003.snapshot.lz4',
      'x00000003.snapshot.lz4',
    ]) {
      await stage.put(`${keys.snapshots(A)}/${name}`, 'x')
    }
    await stage.put(`${keys.snapshots(A)}/${'0'.repeat(8)}.snapshot.lz4.abcdef012345.tmp`, 'x')
    await stage.put(`${keys.snapshots(A)}/deeper/00000004.snapshot.lz4`, 'x')
    const found = await stage.client.snapshots(A)
    assert.deepEqual(
      found.map(({ generation, index, sizeBytes }) => [generation, index, sizeBytes]),
      [
        [A, 2, storedSize(stage, 2)],
        [A, 0xa, storedSize(stage, 0xa)],
        [A, 0x10, storedSize(stage, 0x10)],
        [A, 0x7fffffff, storedSize(stage, 0xff)],
      ],
    )
  })

  check('segments are sorted by index, then offset, and other names left out', async (stage) => {
    for (const position of [at(1, 4152), at(0x10), at(1), at(2, 0xffffffff), at(1, 32), at(2)]) {
      await stage.client.writeSegment(position, Buffer.alloc(position.index, 1))
    }
    for (const name of ['0000000A_00000000.wal.lz4', '00000001_100000000.wal.lz4', '00000001.wal.lz4', 'a.wal.lz4']) {
      await stage.put(`${keys.segments(A)}/${name}`, 'x')
    }
    const found = await stage.client.segments(A)
    assert.deepEqual(
      found.map(({ generation, index, offset, sizeBytes }) => [generation, index, offset, sizeBytes]),
      [
        [A, 1, 0, storedSize(stage, 1)],
        [A, 1, 32, storedSize(stage, 1)],
        [A, 1, 4152, storedSize(stage, 1)],
        [A, 2, 0, storedSize(stage, 2)],
        [A, 2, 0xffffffff, storedSize(stage, 2)],
        [A, 0x10, 0, storedSize(stage, 0x10)],
      ],
    )
  })

  check('segments can be listed from an index', async ({ client }) => {
    for (const position of [at(9), at(0xa), at(0xa, 32), at(0xff), at(0x100)]) {
      await client.writeSegment(position, Buffer.from('x'))
    }
    const from = async (fromIndex: number) => (await client.segments(A, { fromIndex })).map(({ index }) => index)
    assert.deepEqual(await from(0), [9, 0xa, 0xa, 0xff, 0x100])
    assert.deepEqual(await from(0xa), [0xa, 0xa, 0xff, 0x100])
    assert.deepEqual(await from(0x100), [0x100])
    assert.deepEqual(await from(0x101), [])
  })

  check('what was written is listed and read back, with size and time', async (stage) => {
    const { client } = stage
    const snapshot = randomBytes(100_000)
    const segment = randomBytes(4152)
    // Services keep whole seconds.
    const begin = Math.floor(Date.now() / 1000) * 1000
    const written = [
      await client.writeSnapshot(A, 3, chunks([snapshot.subarray(0, 7), snapshot.subarray(7)])),
      await client.writeSegment(at(3, 32), segment),
    ]
    assert.deepEqual(await buffer(await client.openSnapshot(A, 3)), snapshot)
    assert.deepEqual(await buffer(await client.openSegment(at(3, 32))), segment)
    const listed = [...(await client.snapshots(A)), ...(await client.segments(A))]
    for (const infos of [written, listed]) {
      assert.deepEqual(
        infos.map(({ sizeBytes }) => sizeBytes),
        [storedSize(stage, snapshot.length), storedSize(stage, segment.length)],
      )
      for (const { createdAt } of infos) assert(createdAt.getTime() >= begin && createdAt.getTime() <= Date.now())
    }
  })

  check('an empty object is an object', async (stage) => {
    const { client } = stage
    await client.writeSnapshot(A, 0, chunks([]))
    await client.writeSegment(at(0), new Uint8Array())
    assert.deepEqual(
      (await client.snapshots(A)).map(({ sizeBytes }) => sizeBytes),
      [storedSize(stage, 0)],
    )
    assert.equal((await buffer(await client.openSnapshot(A, 0))).length, 0)
    assert.equal((await buffer(await client.openSegment(at(0)))).length, 0)
  })

  check('a write replaces the object', async ({ client }) => {
    for (const body of ['the first, which is longer', 'the second']) {
      await client.writeSegment(at(1), Buffer.from(body))
      await client.writeSnapshot(A, 1, chunks([Buffer.from(body)]))
    }
    assert.equal((await buffer(await client.openSegment(at(1)))).toString(), 'the second')
    assert.equal((await buffer(await client.openSnapshot(A, 1))).toString(), 'the second')
    assert.equal((await client.segments(A)).length, 1)
    assert.equal((await client.snapshots(A)).length, 1)
  })

  check('an absent object is an error by name when opened, and none when deleted', async ({ client }) => {
    await client.writeSegment(at(1), Buffer.from('x'))
    await fails(
      client.openSegment(at(1, 32)),
      'ERR_OBJECT_NOT_FOUND',
      /generations\/00000000000000aa\/wal\/00000001_00000020\.wal\.lz4/,
    )
    await fails(
      client.openSnapshot(B, 0),
      'ERR_OBJECT_NOT_FOUND',
      /generations\/00000000000000bb\/snapshots\/00000000\.snapshot\.lz4/,
    )
    await client.deleteSegments([at(1, 32), at(7)])
    await client.deleteSnapshots(B, [0, 1])
    await client.deleteGeneration(B)
    assert.equal((await client.segments(A)).length, 1)
  })

  check('a big snapshot goes through in chunks of any size, and is not visible before its end', async (stage) => {
    const { client } = stage
    const hash = createHash('sha256')
    const sizes = [11, 4 * MIB, 4 * MIB, 0, 5 * MIB + 1, 1000, 4 * MIB, 4 * MIB, 3 * MIB - 12]
    async function* body() {
      const reused = Buffer.alloc(6 * MIB)
      for (const size of sizes) {
        const chunk = reused.subarray(0, size)
        randomBytes(size).copy(chunk)
        hash.update(chunk)
        yield chunk
        await setImmediate()
        assert.deepEqual(await client.snapshots(A), [])
      }
    }
    const { sizeBytes } = await client.writeSnapshot(A, 1, body(), { sizeHintBytes: 100 * MIB })
    assert.equal(
      sizeBytes,
      storedSize(
        stage,
        sizes.reduce((sum, size) => sum + size),
      ),
    )
    assert.equal(await digest(await client.openSnapshot(A, 1)), hash.digest('hex'))
    assert.deepEqual(
      (await client.snapshots(A)).map((info) => info.sizeBytes),
      [sizeBytes],
    )
  })

  for (const [when, size] of [
    ['at once', 0],
    ['in the first chunks', MIB],
    ['after many', 20 * MIB],
  ] as const) {
    check(`a snapshot that is aborted ${when} leaves nothing, and ends its body`, async (stage) => {
      const abort = new AbortController()
      const body = stuckAfter(size, () => abort.abort(new Error('the reason')))
      const write = stage.client.writeSnapshot(A, 1, body.chunks, { signal: abort.signal })
      const error = await fails(write, 'ERR_CANCELLED', /00000001\.snapshot\.lz4/)
      assert.equal((error.cause as Error).message, 'the reason')
      body.release()
      await body.ended
      assert.deepEqual(await stage.keys(), [])
    })
  }

  for (const size of [MIB, 20 * MIB]) {
    check(`a body that fails after ${size} bytes leaves nothing, and its error comes through`, async (stage) => {
      const failure = new Error('the database is malformed')
      async function* body() {
        yield randomBytes(size)
        throw failure
      }
      await assert.rejects(stage.client.writeSnapshot(A, 1, body()), (error) => error === failure)
      assert.deepEqual(await stage.keys(), [])
    })
  }

  check('every call with an aborted signal ends with ERR_CANCELLED and changes nothing', async (stage) => {
    const { client } = stage
    await client.writeSegment(at(0), Buffer.from('x'))
    await client.writeSnapshot(A, 0, chunks([Buffer.from('x')]))
    const before = await stage.keys()
    const signal = AbortSignal.abort()
    const calls = [
      client.generations(signal),
      client.snapshots(A, signal),
      client.segments(A, { signal }),
      client.openSnapshot(A, 0, signal),
      client.openSegment(at(0), signal),
      client.writeSnapshot(B, 0, chunks([Buffer.from('x')]), { signal }),
      client.writeSegment(at(1), Buffer.from('x'), signal),
      client.deleteSnapshots(A, [0], signal),
      client.deleteSegments([at(0)], signal),
      client.deleteGeneration(A, signal),
    ]
    await Promise.all(calls.map((call) => fails<unknown>(call, 'ERR_CANCELLED')))
    assert.deepEqual(await stage.keys(), before)
  })

  check('a stream is cut by its signal', async ({ client }) => {
    await client.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
    const abort = new AbortController()
    const stream = await client.openSnapshot(A, 0, abort.signal)
    const read = (async () => {
      for await (const _ of stream) abort.abort()
    })()
    await fails(read, 'ERR_CANCELLED', /00000000\.snapshot\.lz4/)
  })

  check('a stream that nobody reads can be destroyed', async ({ client }) => {
    await client.writeSnapshot(A, 0, chunks([randomBytes(4 * MIB)]))
    const stream = await client.openSnapshot(A, 0)
    await new Promise((resolve) => stream.once('close', resolve).destroy())
    await client.deleteSnapshots(A, [0])
  })

  check('snapshots and segments are deleted, and only those', async ({ client }) => {
    for (const index of [1, 2, 3]) {
      await client.writeSnapshot(A, index, chunks([Buffer.from('x')]))
      await client.writeSegment(at(index), Buffer.from('x'))
      await client.writeSegment(at(index, 32), Buffer.from('x'))
    }
    await client.deleteSnapshots(A, [1, 3])
    await client.deleteSegments([at(1), at(1, 32), at(2, 32)])
    await client.deleteSegments([])
    assert.deepEqual(
      (await client.snapshots(A)).map(({ index }) => index),
      [2],
    )
    assert.deepEqual(
      (await client.segments(A)).map(({ index, offset }) => [index, offset]),
      [
        [2, 0],
        [3, 0],
        [3, 32],
      ],
    )
  })

  check('more than 1,000 segments are listed and deleted', async ({ client }) => {
    const all = Array.from({ length: 1100 }, (_, index) => at(index))
    await inParallel(20, all, (position) => client.writeSegment(position, Buffer.from('x')))
    assert.deepEqual(
      (await client.segments(A)).map(({ index }) => index),
      all.map(({ index }) => index),
    )
    await client.deleteSegments(all.slice(0, 1050))
    assert.equal((await client.segments(A)).length, 50)
    await client.deleteGeneration(A)
    assert.deepEqual(await client.generations(), [])
  })

  check('a generation is deleted with everything in it, and no other', async (stage) => {
    const { client } = stage
    for (const generation of [A, B]) {
      await client.writeSnapshot(generation, 0, chunks([Buffer.from('x')]))
      await client.writeSegment(at(0, 0, generation), Buffer.from('x'))
    }
    await stage.put(`generations/${A}/wal/unknown.txt`, 'x')
    await stage.put(`generations/${A}/a/b/c`, 'x')
    await client.deleteGeneration(A)
    assert.deepEqual(await client.generations(), [B])
    assert.deepEqual(await stage.keys(), [keys.snapshot(B, 0), keys.segment(at(0, 0, B))])
    // Its folders may be known to the client from before.
    await client.writeSegment(at(5), Buffer.from('again'))
    assert.deepEqual(
      (await client.segments(A)).map(({ index }) => index),
      [5],
    )
  })

  check('20 writes, lists and reads at once do not disturb each other', async ({ client }) => {
    const work = Array.from({ length: 20 }, async (_, index) => {
      const body = randomBytes(1000 + index)
      await client.writeSegment(at(index), body)
      await client.writeSnapshot(index % 2 === 0 ? A : B, index, chunks([body, body]))
      assert((await client.segments(A)).some((info) => info.index === index))
      assert.deepEqual(await buffer(await client.openSegment(at(index))), body)
    })
    await Promise.all(work)
    assert.equal((await client.segments(A)).length, 20)
    assert.equal((await client.snapshots(A)).length + (await client.snapshots(B)).length, 20)
  })

  check('writers of one object at once leave one of their bodies whole', async ({ client }) => {
    const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(50_000 + i, i))
    await Promise.all(bodies.map((body) => client.writeSegment(at(0), body)))
    const found = await buffer(await client.openSegment(at(0)))
    assert(bodies.some((body) => body.equals(found)))
  })

  check('close can be called twice', async ({ client }) => {
    await client.generations()
    await client.close()
    await client.close()
  })
}

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { WherryError } from '../../../engine/errors.ts'
import { decodeWhole } from '../../../engine/format/lz4.ts'
import { keys, type Position } from '../../../engine/format/names.ts'
import { restoreDatabase } from '../../../engine/restore/restore.ts'
import { defaultTuning } from '../../../engine/restore/tuning.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'
import { rawFrame } from '../../support/raw-frame.ts'

const { logger } = logLines()
const impatient = { ...defaultTuning, retryDelaysMs: [1, 1, 1, 1] }
const streaming = { ...impatient, memoryLimitBytes: 0, fetchLimitBytes: 0 }
const unreachable = () => new WherryError('ERR_STORAGE_UNREACHABLE', 'The storage is away')

function build(t: TestContext, indexes = 4): HandMadeReplica {
  const replica = new HandMadeReplica(t)
  replica.put([1000, 1001], 30_000)
  replica.checkpoint()
  replica.snapshot()
  for (let index = 0; index < indexes; index++) {
    for (let n = 0; n < 3; n++) {
      replica.put([index, n, 100 + index], 30_000)
      replica.ship()
    }
    if (index < indexes - 1) replica.nextIndex()
  }
  return replica
}

/** Breaks every object's download twice: at once, and in the middle. */
class FlakyClient extends DelegatingClient {
  readonly tries = new Map<string, number>()

  override openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return this.#open(keys.segment(position), () => super.openSegment(position, signal))
  }

  override openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return this.#open(keys.snapshot(generation, index), () => super.openSnapshot(generation, index, signal))
  }

  async #open(key: string, open: () => Promise<Readable>): Promise<Readable> {
    const tries = (this.tries.get(key) ?? 0) + 1
    this.tries.set(key, tries)
    if (tries === 1) throw unreachable()
    const whole = await open()
    return tries === 2 ? Readable.from(broken(whole)) : whole
  }
}

async function* broken(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    yield chunk.subarray(0, chunk.length >> 1)
    throw unreachable()
  }
}

for (const [way, tuning] of Object.entries({ 'in memory': impatient, 'through temporary files': streaming })) {
  test(`Downloads that break are begun again, ${way}`, async (t) => {
    const replica = build(t)
    // Of a download that breaks, what came before was decoded and used.
    for (const key of replica.keys()) {
      const content = await decodeWhole(readFileSync(replica.path(key)), key)
      replica.store(key, rawFrame(content, 1000))
    }
    const client = new FlakyClient(replica.client)
    const outputPath = replica.output()
    const { bytesDownloaded } = await restoreDatabase(client, 'file', { outputPath }, logger, undefined, { tuning })
    assert.deepEqual(new Set(client.tries.values()), new Set([3]))
    assert.ok(readFileSync(outputPath).equals(replica.checkpointed()))
    const stored = replica.keys().reduce((sum, key) => sum + readFileSync(replica.path(key)).length, 0)
    assert.ok(bytesDownloaded > stored, 'Broken downloads count too')
  })

  test(`A storage that stays away is an error that leaves nothing, ${way}`, async (t) => {
    const replica = build(t)
    const client = new (class extends DelegatingClient {
      override async openSnapshot(): Promise<Readable> {
        throw unreachable()
      }
    })(replica.client)
    const { logger, lines } = logLines()
    const outputPath = replica.output()
    await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger, undefined, { tuning }), {
      code: 'ERR_STORAGE_UNREACHABLE',
    })
    assert.equal(lines.filter(({ level }) => level === 'warn').length, tuning.retryDelaysMs.length)
    assert.deepEqual(filesOf(replica, outputPath), [])
  })

  test(`Stops at once when it is cancelled, and leaves nothing, ${way}`, async (t) => {
    const replica = build(t)
    // Object after object: cancelled as the nth one is opened.
    for (let n = 1; n <= replica.keys().length; n++) {
      const controller = new AbortController()
      let opened = 0
      const client = new (class extends DelegatingClient {
        override openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
          if (++opened === n) controller.abort()
          return super.openSegment(position, signal)
        }
        override openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
          if (++opened === n) controller.abort()
          return super.openSnapshot(generation, index, signal)
        }
      })(replica.client)
      const outputPath = replica.output()
      await assert.rejects(
        restoreDatabase(client, 'file', { outputPath, parallelism: 2 }, logger, controller.signal, { tuning }),
        { code: 'ERR_CANCELLED' },
      )
      assert.deepEqual(filesOf(replica, outputPath), [])
    }
  })
}

test('A cancelled restore does not wait for the next try', async (t) => {
  const replica = build(t, 1)
  const controller = new AbortController()
  const client = new (class extends DelegatingClient {
    override async openSnapshot(): Promise<Readable> {
      setImmediate(() => controller.abort())
      throw unreachable()
    }
  })(replica.client)
  const tuning = { ...defaultTuning, retryDelaysMs: [2 ** 30] }
  const outputPath = replica.output()
  await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger, controller.signal, { tuning }), {
    code: 'ERR_CANCELLED',
  })
})

/** Knows how many segments were open at the same time at most. */
class CountingClient extends DelegatingClient {
  most = 0
  #active = 0

  override async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    this.most = Math.max(this.most, ++this.#active)
    const stream = await super.openSegment(position, signal)
    stream.once('close', () => this.#active--)
    return stream
  }
}

test('Downloads no more than parallelism objects at a time, and as many when there are', async (t) => {
  const replica = build(t, 12)
  const client = new CountingClient(replica.client)
  for (const parallelism of [1, 5]) {
    client.most = 0
    await restoreDatabase(client, 'file', { outputPath: replica.output(), parallelism }, logger)
    assert.equal(client.most, parallelism)
  }
})

test('Fetches ahead within a bound of bytes', async (t) => {
  const replica = build(t, 6)
  const sizes = (await replica.client.segments(replica.generation)).map(({ sizeBytes }) => sizeBytes)
  const largest = Math.max(...sizes)
  const client = new CountingClient(replica.client)
  const tuning = { ...defaultTuning, aheadLimitBytes: Math.floor(largest * 1.5) }
  await restoreDatabase(client, 'file', { outputPath: replica.output() }, logger, undefined, { tuning })
  assert.ok(client.most <= Math.ceil(tuning.aheadLimitBytes / Math.min(...sizes)), `${client.most} at a time`)
})

test('Starts again when retention removes what was planned', async (t) => {
  const replica = build(t, 2)
  replica.nextIndex()
  replica.put([7], 20_000)
  const stale = replica.keys()
  let isPlanned = false
  const client = new (class extends DelegatingClient {
    override async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
      if (!isPlanned) {
        isPlanned = true
        replica.ship()
        replica.snapshot()
        for (const key of stale) rmSync(replica.path(key))
      }
      return super.openSegment(position, signal)
    }
  })(replica.client)
  const outputPath = replica.output()
  const result = await restoreDatabase(client, 'file', { outputPath }, logger)
  assert.equal(result.snapshotIndex, 2)
  assert.ok(readFileSync(outputPath).equals(replica.checkpointed()))
})

test('An object that is listed but cannot be opened is an error', async (t) => {
  const replica = build(t, 2)
  const client = new (class extends DelegatingClient {
    override async openSnapshot(generation: string, index: number): Promise<Readable> {
      throw new WherryError('ERR_OBJECT_NOT_FOUND', `${keys.snapshot(generation, index)} does not exist`)
    }
  })(replica.client)
  await assert.rejects(restoreDatabase(client, 'file', { outputPath: replica.output() }, logger), {
    code: 'ERR_OBJECT_NOT_FOUND',
    message: /00000000\.snapshot\.lz4 does not exist/,
  })
})

/** What a restore to `outputPath` left: the database or temporary files of it. */
function filesOf(replica: HandMadeReplica, outputPath: string): string[] {
  return readdirSync(replica.folder).filter((name) => name.startsWith(basename(outputPath)))
}

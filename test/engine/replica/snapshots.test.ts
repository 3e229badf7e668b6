import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SnapshotImage } from '../../../engine/database/replica-feed.ts'
import { WherryError } from '../../../engine/errors.ts'
import { BLOCK_SIZE } from '../../../engine/format/lz4.ts'
import { storeSnapshot } from '../../../engine/replica/snapshot.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable, WatchedStorage } from '../../support/watched-storage.ts'
import { startWriter } from '../../support/writer-process.ts'
import { assertCommittedState } from '../../support/writer-state.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

async function scene(t: TestContext, options: UnitOptions = {}): Promise<{ unit: Unit; app: App }> {
  const unit = new Unit(t, options)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  await app.repeat(10, insert)
  return { unit, app }
}

/** Keeps the WAL from being back-filled, until the reader ends. */
async function pinWal(t: TestContext, unit: Unit): Promise<App> {
  const reader = await startApp(t, unit.path)
  await reader.exec('BEGIN; SELECT count(*) FROM blobs')
  return reader
}

test('A snapshot has one block in memory, read when it is asked for, and ends after the WAL that it needs', async (t) => {
  const blocks = 6
  const buffers = new Set<ArrayBufferLike>()
  let readBlocks = 0
  let isShipped = false
  const mark = { index: 1, offset: 4152, salt1: 1, salt2: 2, checksum: { s0: 3, s1: 4 } }
  const image: SnapshotImage = {
    generation: '0123456789abcdef',
    copied: mark,
    needs: mark,
    sizeBytes: blocks * BLOCK_SIZE,
    wal: [],
    read: async (into) => {
      buffers.add(into.buffer)
      readBlocks++
      return into.fill(readBlocks).length
    },
  }
  const shipped = async (): Promise<void> => {
    assert.equal(readBlocks, blocks)
    isShipped = true
  }
  const client = new Unit(t).stored()
  const slowly: typeof client.writeSnapshot = async (generation, index, body) => {
    let chunks = 0
    for await (const _ of body) {
      assert.ok(readBlocks <= chunks, `Block ${readBlocks} was read for chunk ${chunks}`)
      chunks++
      assert.equal(isShipped, chunks === blocks + 2, 'The last chunk, and no other, waits for the WAL')
    }
    return { generation, index, sizeBytes: chunks, createdAt: new Date() }
  }
  const patient = Object.assign(new WatchedStorage(client), { writeSnapshot: slowly })
  const { sizeBytes: chunks } = await storeSnapshot(patient, image, shipped, new AbortController().signal)
  assert.equal(chunks, blocks + 2, 'Blocks, the frame’s header, and its end')
  assert.equal(buffers.size, 1)
})

test('Where the file stands still, the first snapshot is there before any segment', async (t) => {
  const { unit } = await scene(t)
  const seen: number[] = []
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = async ({ method, key }) => {
      if (method === 'writeSegment') seen.push((await unit.stored().snapshots(key.split('/')[1] ?? '')).length)
    }
  })
  await unit.synced()
  assert.equal(seen[0], 1)
  await unit.stop()
  await unit.assertRestorable()
})

test('Where it does not, a snapshot shows only when the WAL that it needs is stored', async (t) => {
  const { unit } = await scene(t)
  await pinWal(t, unit)
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = async ({ method }) => (method === 'writeSegment' ? opened : undefined)
  })
  await waitUntil('Snapshot and WAL under way', () =>
    ['writeSnapshot', 'writeSegment'].every((method) => unit.storage.calls.some((call) => call.method === method)),
  )
  const generation = unit.database.position?.generation ?? ''
  for (let looks = 0; looks < 20; looks++) {
    assert.deepEqual(await unit.stored().snapshots(generation), [])
    await sleep(10)
  }
  open()
  await unit.synced()
  assert.equal((await unit.stored().snapshots(generation)).length, 1)
  await unit.stop()
  await unit.assertRestorable()
})

for (const code of ['ERR_STORAGE_LOCAL', 'ERR_STORAGE_DENIED'] as const) {
  test(`A snapshot that waits for segments gives up the room that they lack (${code}), and comes after them`, async (t) => {
    const { unit } = await scene(t)
    await pinWal(t, unit)
    const files = (): string[] => readdirSync(unit.replicaPath(), { recursive: true, encoding: 'utf8' })
    await unit.start(([storage]) => {
      if (storage === undefined) return
      storage.gate = async ({ method }) => {
        if (method !== 'writeSegment') return
        const unfinished = () => files().some((name) => name.includes('.snapshot.lz4.') && name.endsWith('.tmp'))
        if (storage.count('writeSegment') === 1) await waitUntil('An unfinished snapshot', unfinished)
        if (unfinished()) throw new WherryError(code, 'There is no room')
      }
    })
    const { fields } = await unit.logged('snapshotter error')
    assert.match(String(fields.error), /given up for now.*There is no room/)
    await unit.logged('snapshot written')
    await unit.stop()
    assert.deepEqual(
      files().filter((name) => name.endsWith('.tmp')),
      [],
    )
    await unit.assertRestorable()
  })
}

test('A first snapshot that fails is tried again until it is stored', async (t) => {
  const { unit } = await scene(t)
  let failures = 0
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = ({ method }) => void (method === 'writeSnapshot' && failures++ < 2 && unreachable())
  })
  await unit.synced()
  assert.equal(failures, 3)
  await unit.stop()
  await unit.assertRestorable()
})

test('A later snapshot that fails is told and tried again, and segments go on meanwhile', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{ snapshotIntervalMs: 100 }] })
  await unit.start()
  await unit.synced()
  let failures = 0
  unit.storage.gate = ({ method }) => void (method === 'writeSnapshot' && failures++ < 3 && unreachable())
  const before = unit.linesOf('snapshot written').length
  for (let round = 0; unit.linesOf('snapshotter error').length < 3; round++) {
    await app.exec(insert)
    await unit.synced()
    assert.ok(round < 1000, 'No further tries')
  }
  assert.equal(unit.linesOf('monitor error').length, 0)
  await unit.logged('snapshot written', before + 1)
  await unit.stop()
  await unit.assertRestorable()
})

test('Snapshots by time are taken when something was written, and only then', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{ snapshotIntervalMs: 200 }] })
  await unit.start()
  const written = () => unit.linesOf('snapshot written').length
  for (let count = 1; count <= 3; count++) {
    await unit.logged('snapshot written', count)
    await sleep(400)
    assert.equal(written(), count, 'Nothing was written since')
    await app.exec(insert)
  }
  await unit.stop()
  await unit.assertRestorable()
})

test('Two replicas that need a snapshot at the same time take it side by side', async (t) => {
  const { unit, app } = await scene(t, { replicas: [{}, {}] })
  const both = Promise.withResolvers<void>()
  let waiting = 0
  await unit.start((storages) => {
    for (const storage of storages) {
      storage.gate = async ({ method }) => {
        if (method !== 'writeSnapshot') return
        if (++waiting === 2) both.resolve()
        await both.promise
      }
    }
  })
  await both.promise
  await app.repeat(10, insert)
  for (const number of [0, 1]) await unit.synced(number)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

test('A long snapshot holds off checkpoints, and no segment', async (t) => {
  const { unit, app } = await scene(t, { database: { minCheckpointPageCount: 20 }, replicas: [{}, {}] })
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = async ({ method }) => (method === 'writeSnapshot' ? opened : undefined)
  })
  await unit.synced(1)
  const index = unit.database.position?.index
  for (let round = 0; round < 5; round++) {
    await app.repeat(20, insert)
    await unit.synced(1)
  }
  assert.equal(unit.database.position?.index, index)
  open()
  await waitUntil('A checkpoint', () => (unit.database.position?.index ?? 0) > (index ?? 0))
  await unit.synced(0)
  await unit.stop()
  for (const number of [0, 1]) await unit.assertRestorable(number)
})

for (const isPinned of [false, true]) {
  const what = isPinned ? 'and a reader that keeps the WAL from being back-filled' : 'and checkpoints'
  test(`Each of several snapshots under a writer ${what} is a committed state`, async (t) => {
    const { unit, app } = await scene(t, {
      database: { minCheckpointPageCount: 200 },
      replicas: [{ snapshotIntervalMs: 100 }],
    })
    const filler = await startWriter(unit.box, {
      path: unit.path,
      maxCommits: 30,
      rowsPerCommit: 100,
      rowBytes: [3000, 4000],
    })
    await filler.finished(30_000)
    if (isPinned) await pinWal(t, unit)
    const writer = await startWriter(unit.box, { path: unit.path, commitsPerSecond: 1000, autocheckpointPages: 100 })
    await unit.start()
    await unit.logged('snapshot written', 5)
    await writer.stop()
    await unit.stop()
    await app.kill()
    const snapshots = await unit.stored().snapshots(unit.generation)
    for (const { index } of snapshots) assertCommittedState(await unit.restore(0, { index }))
    assert.equal(assertCommittedState(await unit.restore()), writer.lastCommit())
    assert.ok(isPinned || snapshots.length >= 4, `${snapshots.length} snapshots`)
  })
}

import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WherryError } from '../../../engine/errors.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { assertSameDatabase } from '../../support/compare.ts'
import { type ReplicaGeneration, readReplica } from '../../support/replica-files.ts'
import { restore } from '../../support/replication.ts'
import { hasLitestream, litestream } from '../../support/tool.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable } from '../../support/watched-storage.ts'

const hourMs = 3_600_000
const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

/** What is kept is a day's; a check is due all the time. */
const retaining = { replicas: [{ retentionMs: 24 * hourMs, retentionCheckIntervalMs: 30 }] }

class Story {
  readonly unit: Unit
  readonly app: App

  constructor(unit: Unit, app: App) {
    this.unit = unit
    this.app = app
  }

  get generations(): ReplicaGeneration[] {
    return readReplica(this.unit.replicaPath())
  }

  generation(name: string): ReplicaGeneration {
    return this.generations.find((generation) => generation.name === name) ?? { name, snapshots: [], segments: [] }
  }

  /** Runs an engine until there are so many more snapshots at so many more indexes, and segments after each. */
  async write(snapshots: number): Promise<string> {
    const { unit, app } = this
    const before = unit.linesOf('snapshot written').length
    const database = { minCheckpointPageCount: 5 }
    await unit.start(undefined, { database, replicas: [{ snapshotIntervalMs: 1 }] })
    while (unit.linesOf('snapshot written').length < before + snapshots) {
      await app.repeat(3, insert)
      await unit.synced()
    }
    await unit.stop()
    return unit.generation
  }

  /** Makes objects as old as that. */
  age(objects: readonly { readonly path: string }[], hours: number): void {
    const time = new Date(Date.now() - hours * hourMs)
    for (const { path } of objects) utimesSync(path, time, time)
  }

  /** Begins a new generation at the next start. */
  forget(): void {
    rmSync(this.unit.metaPath, { recursive: true })
  }
}

async function begin(t: TestContext): Promise<Story> {
  const unit = new Unit(t)
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (content BLOB)')
  return new Story(unit, app)
}

const indexes = (objects: readonly { readonly index: number }[]): number[] => [
  ...new Set(objects.map(({ index }) => index)),
]

test('Old snapshots and the WAL before the first young one go, oldest first; a restore finds all of the rest', async (t) => {
  const story = await begin(t)
  const { unit } = story
  const name = await story.write(5)
  const before = story.generation(name)
  const all = indexes(before.snapshots)
  assert.ok(all.length >= 4, `Snapshots at ${all}`)
  const firstYoung = all[2] ?? 0
  story.age(
    [...before.snapshots, ...before.segments].filter(({ index }) => index < firstYoung),
    25,
  )
  await unit.start(undefined, retaining)
  await unit.logged('wal segmented deleted before')
  const { storage } = unit
  await unit.stop()

  const after = story.generation(name)
  assert.deepEqual(indexes(after.snapshots), all.slice(2))
  assert.ok(after.segments.every(({ index }) => index >= firstYoung))
  assert.deepEqual(indexes(after.segments), indexes(before.segments.filter(({ index }) => index >= firstYoung)))
  const deleted = unit.linesOf('snapshot deleted').map(({ fields }) => Number.parseInt(String(fields.index), 16))
  assert.deepEqual(deleted, all.slice(0, 2))
  const deletions = storage.calls.filter(({ method }) => method.startsWith('delete')).map(({ method }) => method)
  assert.deepEqual(deletions, ['deleteSnapshots', 'deleteSegments'])
  assert.deepEqual(unit.reasons, ['no generation exists'])
  await unit.assertRestorable()
  for (const index of indexes(after.snapshots)) await unit.restore(0, { index })
})

test('Generations of long ago go whole, and those with something young keep it', async (t) => {
  const story = await begin(t)
  const { unit } = story
  const old = await story.write(2)
  story.forget()
  const young = await story.write(4)
  story.forget()
  const present = await story.write(2)
  assert.equal(new Set([old, young, present]).size, 3)
  for (const name of [old, present]) {
    const { snapshots, segments } = story.generation(name)
    story.age([...snapshots, ...segments], 100)
  }
  const { snapshots, segments } = story.generation(young)
  const last = indexes(snapshots).at(-1) ?? 0
  story.age(
    [...snapshots, ...segments].filter(({ index }) => index < last),
    100,
  )
  await unit.start(undefined, retaining)
  await unit.logged('generation deleted')
  await waitUntil('WAL of the middle one', () => story.generation(young).segments.every(({ index }) => index >= last))
  await unit.stop()
  assert.deepEqual(
    story.generations.map(({ name }) => name),
    [young, present].sort(),
  )
  assert.deepEqual(indexes(story.generation(young).snapshots), [last])
  assert.deepEqual(
    unit.linesOf('generation deleted').map(({ fields }) => fields.generation),
    [old],
  )
  await unit.assertRestorable()
})

test('What is left of a generation without snapshots goes when its newest WAL is old', async (t) => {
  const story = await begin(t)
  const { unit } = story
  const broken: string[] = []
  for (const hours of [25, 1]) {
    const name = await story.write(1)
    const { snapshots, segments } = story.generation(name)
    for (const { path } of snapshots) rmSync(path)
    story.age(segments, 100)
    story.age(segments.slice(-1), hours)
    broken.push(name)
    story.forget()
  }
  await unit.start(undefined, retaining)
  await unit.synced()
  await unit.logged('generation deleted')
  await unit.stop()
  assert.deepEqual(
    story.generations.map(({ name }) => name),
    [...broken.slice(1), unit.generation].sort(),
  )
  await unit.assertRestorable()
})

test('The present generation stays, however old: a new snapshot comes first when something was written', async (t) => {
  const story = await begin(t)
  const { unit, app } = story
  const name = await story.write(2)
  const age = (): void => {
    const { snapshots, segments } = story.generation(name)
    story.age([...snapshots, ...segments], 1000)
  }
  age()
  await app.repeat(10, insert)
  const before = unit.linesOf('snapshot written').length
  await unit.start(undefined, retaining)
  await unit.logged('snapshot written', before + 1)
  await waitUntil('One snapshot', () => story.generation(name).snapshots.length === 1)
  await unit.synced()
  await unit.crash()
  const snapshot = story.generation(name).snapshots[0]
  assert.ok(snapshot && snapshot.createdAt.getTime() > Date.now() - hourMs)
  await unit.assertRestorable()
})

test('A present generation to which nothing is written keeps its one old snapshot, with no further call', async (t) => {
  const story = await begin(t)
  const { unit } = story
  await unit.start(undefined, { replicas: [{ ...retaining.replicas[0], retentionMs: 100 }] })
  await unit.synced()
  const listed = (): number => unit.storage.count('snapshots') + unit.storage.count('segments')
  await waitUntil('The first check, and the look whether the generation is the newest', () => listed() > 2)
  const before = unit.storage.calls.length
  await sleep(400)
  assert.deepEqual(unit.storage.calls.slice(before), [])
  assert.equal(story.generation(unit.generation).snapshots.length, 1)
  await unit.stop()
  await unit.assertRestorable()
})

test('What is old goes when the new snapshot fails, and makes the room that it needs', async (t) => {
  const story = await begin(t)
  const { unit, app } = story
  const old = await story.write(1)
  story.forget()
  const present = await story.write(2)
  const newest = indexes(story.generation(present).snapshots).at(-1)
  for (const { snapshots, segments } of story.generations) story.age([...snapshots, ...segments], 100)
  await app.exec(insert)
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = ({ method }) => {
      const isFull = story.generation(old).snapshots.length > 0 || story.generation(present).snapshots.length > 1
      if (method === 'writeSnapshot' && isFull) throw new WherryError('ERR_STORAGE_LOCAL', 'No room')
    }
  }, retaining)
  await unit.logged('generation deleted')
  await unit.logged('snapshot deleted')
  await waitUntil('A young snapshot', () => (indexes(story.generation(present).snapshots).at(-1) ?? 0) > (newest ?? 0))
  await unit.stop()
  assert.deepEqual(
    story.generations.map(({ name }) => name),
    [present],
  )
  await unit.assertRestorable()
})

test('A check that fails is told, and the next one does its work; uploads go on', async (t) => {
  const story = await begin(t)
  const { unit, app } = story
  const old = await story.write(1)
  story.forget()
  await story.write(1)
  const { snapshots, segments } = story.generation(old)
  story.age([...snapshots, ...segments], 100)
  let failures = 0
  await unit.start(([storage]) => {
    if (storage === undefined) return
    storage.gate = ({ method }) => void (method === 'deleteGeneration' && failures++ < 2 && unreachable())
  }, retaining)
  await app.exec(insert)
  await unit.synced()
  await unit.logged('generation deleted')
  assert.equal(unit.linesOf('retainer error').length, 2)
  await unit.stop()
  assert.equal(story.generations.length, 1)
  await unit.assertRestorable()
})

test('Litestream restores what retention left', { skip: !hasLitestream }, async (t) => {
  const story = await begin(t)
  const { unit } = story
  const old = await story.write(2)
  story.forget()
  const present = await story.write(4)
  const all = indexes(story.generation(present).snapshots)
  const objects = story.generations.flatMap(({ name, snapshots, segments }) =>
    [...snapshots, ...segments].filter(({ index }) => name === old || index < (all[1] ?? 0)),
  )
  story.age(objects, 100)
  await unit.start(undefined, retaining)
  await unit.logged('generation deleted')
  await unit.logged('wal segmented deleted before')
  await unit.stop()
  const output = unit.box.path('restored-by-litestream.db')
  await restore(unit.box, litestream, { from: `file://${unit.replicaPath()}`, output })
  assertSameDatabase(output, unit.path)
})

/** A replica that changes while it is checked, as under an engine with retention. */
import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { keys, type Position } from '../../../engine/format/names.ts'
import type { Progress } from '../../../engine/progress.ts'
import { buildReplica } from '../../support/damaged-replica.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import type { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { checked, lineOf } from './check-tools.ts'

/** Does something once, when a segment of this index is about to be read. */
class Interrupted extends DelegatingClient {
  readonly #index: number
  #act: (() => void) | undefined

  constructor(replica: HandMadeReplica, index: number, act: () => void) {
    super(replica.client)
    this.#index = index
    this.#act = act
  }

  override openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    if (position.index === this.#index) {
      this.#act?.()
      this.#act = undefined
    }
    return super.openSegment(position, signal)
  }
}

function removeIndexes(replica: HandMadeReplica, pattern: RegExp): void {
  for (const key of replica.keys()) if (pattern.test(key)) rmSync(replica.path(key))
}

function build(t: TestContext): HandMadeReplica {
  return buildReplica(t, true)
}

test('What retention removes meanwhile is no damage, and the rest is checked', async (t) => {
  const replica = build(t)
  const client = new Interrupted(replica, 3, () => removeIndexes(replica, /\/0000000[01][_.]/))
  const { verdict, generations, faults } = await checked(replica, {}, { client })
  assert.deepEqual([verdict, faults], ['ok', []])
  assert.deepEqual([generations[0]?.snapshots, generations[0]?.segments], [1, 6])
})

test('A generation that is removed meanwhile is not in the report', async (t) => {
  const replica = build(t)
  const old = replica.generation.replace('0', 'f')
  for (const key of replica.keys()) {
    copyFileSync(replica.path(key), replica.path(replica.store(key.replace(replica.generation, old), Buffer.alloc(0))))
  }
  let reads = 0
  const client = new (class extends DelegatingClient {
    override openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
      if (position.generation === old && ++reads === 3) rmSync(replica.path(keys.generation(old)), { recursive: true })
      return super.openSegment(position, signal)
    }
  })(replica.client)
  const { verdict, generations } = await checked(replica, {}, { client })
  assert.deepEqual([verdict, generations.map(({ generation }) => generation)], ['ok', [replica.generation]])
})

test('What is lost while it is checked, and not by retention, is damage', async (t) => {
  const replica = build(t)
  const lost = keys.segment({ generation: replica.generation, index: 2, offset: 0 })
  const client = new Interrupted(replica, 3, () => rmSync(replica.path(lost)))
  const { faults } = await checked(replica, {}, { client })
  assert.deepEqual(
    faults.map(({ object, affects }) => ({ object, affects })),
    [{ object: lost, affects: 'newest' }],
  )
})

test('Beside damage that is real, what retention removes is none', async (t) => {
  const replica = build(t)
  const broken = keys.segment({ generation: replica.generation, index: 3, offset: 0 })
  replica.store(broken, Buffer.from('rot'))
  const client = new Interrupted(replica, 2, () => removeIndexes(replica, /\/0000000[01][_.]/))
  const { faults } = await checked(replica, { parallelism: 1 }, { client })
  assert.deepEqual(
    faults.map(({ object }) => object),
    [broken],
  )
})

test('What is stored meanwhile changes nothing, and what is damaged stays damaged', async (t) => {
  const replica = build(t)
  const ship = (): void => {
    replica.put([1], 3000)
    replica.ship()
  }
  const report = await checked(replica, {}, { client: new Interrupted(replica, 3, ship) })
  assert.deepEqual([report.verdict, report.faults.map(lineOf)], ['ok', []])
  const lost = keys.segment({ generation: replica.generation, index: 2, offset: 0 })
  rmSync(replica.path(lost))
  const { faults } = await checked(replica, {}, { client: new Interrupted(replica, 3, ship) })
  assert.deepEqual(
    faults.map(({ object }) => object),
    [lost],
  )
})

test('A listing that was taken in parts, while segments were stored between them, is taken again', async (t) => {
  const replica = build(t)
  const late = keys.segment({ generation: replica.generation, index: 2, offset: 0x80e0 })
  let lists = 0
  const client = new (class extends DelegatingClient {
    override async segments(...args: Parameters<DelegatingClient['segments']>) {
      const all = await super.segments(...args)
      return lists++ === 0 ? all.filter((segment) => keys.segment(segment) !== late) : all
    }
  })(replica.client)
  assert.ok(replica.keys().includes(late))
  assert.equal((await checked(replica, {}, { client })).verdict, 'ok')
})

test('A listed object that cannot be found is damage when it goes on being listed', async (t) => {
  const replica = build(t)
  const ghost = { generation: replica.generation, index: 3, offset: 0 }
  const client = new (class extends DelegatingClient {
    override openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
      const isGhost = keys.segment(position) === keys.segment(ghost)
      return super.openSegment(isGhost ? { ...position, index: 99 } : position, signal)
    }
  })(replica.client)
  const { verdict, faults } = await checked(replica, { quick: true }, { client })
  assert.deepEqual([verdict, faults.length], ['damaged', 1])
})

test('An unfinished first snapshot of a new generation is no damage for an hour', async (t) => {
  const replica = build(t)
  const young = replica.generation.replace('0', 'f')
  const from = keys.segment({ generation: replica.generation, index: 0, offset: 0 })
  const to = replica.store(keys.segment({ generation: young, index: 0, offset: 0 }), Buffer.alloc(0))
  copyFileSync(replica.path(from), replica.path(to))
  const { verdict, newest, generations } = await checked(replica)
  assert.deepEqual([verdict, newest], ['ok', replica.generation])
  assert.deepEqual(generations.map(({ verdict }) => verdict).sort(), ['no snapshot', 'ok'])
  for (const key of replica.keys())
    replica.setTime(key, key === to ? Date.now() / 1000 - 4000 : Date.now() / 1000 - 9000)
  const { faults } = await checked(replica)
  assert.match(
    faults.map(lineOf).join(),
    new RegExp(
      `^newest: ${keys.snapshots(young)} is empty, .*: a restore takes generation ${replica.generation}, and loses`,
    ),
  )
})

test('Progress covers every byte, then the copy, then the check of it', async (t) => {
  const replica = build(t)
  const seen: Progress[] = []
  const { generations } = await checked(replica, {}, { onProgress: (progress) => void seen.push(progress) })
  const lastOf = (activity: string) => seen.findLast((progress) => progress.activity === activity)
  const size = generations[0]?.sizeBytes ?? 0
  assert.deepEqual(lastOf('checking'), { activity: 'checking', doneBytes: size, totalBytes: size })
  const copied = lastOf('restoring a copy')
  assert.ok(copied !== undefined && copied.doneBytes === copied.totalBytes && copied.totalBytes < size)
  assert.deepEqual(
    [...new Set(seen.map(({ activity }) => activity))],
    ['checking', 'restoring a copy', 'running integrity_check'],
  )
})

import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { decodeWhole, encodeFrame } from '../../../engine/format/lz4.ts'
import { keys } from '../../../engine/format/names.ts'
import { buildReplica, damageWays } from '../../support/damaged-replica.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { checked, lineOf } from './check-tools.ts'

/** A flip in a reference to content that repeats can refer to the same content. */
async function isSameContent(before: Buffer, after: Buffer): Promise<boolean> {
  const [one, other] = [await decodeWhole(before, ''), await decodeWhole(after, '').catch(() => undefined)]
  return other !== undefined && one.equals(other)
}

for (const marks of [true, false]) {
  const kind = marks ? 'with marks' : 'as Litestream writes it'

  test(`A whole replica is ok, and its newest state is restored for a while: ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const before = readdirSync(replica.folder)
    const { verdict, newest, generations, faults, copy, noCopy } = await checked(replica)
    assert.deepEqual([verdict, newest, faults, noCopy], ['ok', replica.generation, [], undefined])
    const [generation] = generations
    assert.deepEqual(
      [generation?.verdict, generation?.snapshots, generation?.segments, generations.length],
      ['ok', 2, 11, 1],
    )
    assert.deepEqual(
      [copy?.integrity, copy?.position],
      ['ok', { generation: replica.generation, index: 3, offset: replica.wal().length }],
    )
    assert.equal(copy?.sizeBytes, replica.checkpointed().length)
    assert.deepEqual(readdirSync(replica.folder), before, 'No file is left')
  })

  test(`An object that was changed is named: ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    for (const key of replica.keys()) {
      const path = replica.path(key)
      const bytes = readFileSync(path)
      for (const [way, change] of Object.entries(damageWays)) {
        writeFileSync(path, change(bytes))
        const { verdict, faults } = await checked(replica, { quick: true })
        // A flip in the mark can make it somebody else's, which is passed over, or make it ask for something else.
        if (marks && way.includes('flipped') && !faults.some(({ object }) => object === key)) continue
        if (way.includes('flipped') && (await isSameContent(bytes, readFileSync(path)))) continue
        const lines = faults.map(lineOf)
        assert.equal(verdict, 'damaged', `${key} ${way}`)
        assert.deepEqual([...new Set(faults.map(({ object }) => object))], [key], `${way}: ${lines.join('; ')}`)
      }
      writeFileSync(path, bytes)
    }
    assert.equal((await checked(replica)).verdict, 'ok')
  })

  test(`A deleted segment is named, and what it means depends on where it was: ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const all = replica.keys()
    const lastOf = (index: number) => all.findLast((key) => key.includes(`/wal/0000000${index}_`))
    for (const key of all.filter((name) => name.includes('/wal/'))) {
      const index = Number(/wal\/(\w{8})_/.exec(key)?.[1])
      renameSync(replica.path(key), `${replica.path(key)}.aside`)
      const { verdict, faults } = await checked(replica, { quick: true })
      renameSync(`${replica.path(key)}.aside`, replica.path(key))
      // That the last segment of an index is gone, only the mark in the next index tells; of the newest index nothing does.
      if (key === lastOf(3) || (!marks && key === lastOf(index))) {
        assert.equal(verdict, 'ok', key)
        continue
      }
      assert.equal(verdict, 'damaged')
      assert.deepEqual(
        faults.map(({ object, affects }) => ({ object, affects })),
        [{ object: key, affects: index >= 2 ? 'newest' : 'older' }],
      )
    }
  })

  test(`Several faults are all told: ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const broken = replica.keys().filter((_, n) => n % 2 === 0)
    for (const key of broken)
      writeFileSync(replica.path(key), damageWays.zeroed?.(readFileSync(replica.path(key))) ?? '')
    const { faults } = await checked(replica)
    assert.deepEqual(faults.map(({ object }) => object).sort(), broken)
  })

  test(`A segment that was replaced by another one is a fault: ${kind}`, async (t) => {
    const replica = buildReplica(t, marks)
    const segments = replica.keys().filter((key) => key.includes('/wal/'))
    for (const to of segments) {
      const bytes = readFileSync(replica.path(to))
      for (const from of segments.filter((key) => key !== to)) {
        copyFileSync(replica.path(from), replica.path(to))
        const { verdict } = await checked(replica, { quick: true })
        assert.equal(verdict, 'damaged', `${to} is a copy of ${from}`)
      }
      writeFileSync(replica.path(to), bytes)
    }
  })
}

test('A gap of whole indexes is one fault, which ends at the next snapshot', async (t) => {
  const replica = buildReplica(t, true)
  for (const key of replica.keys()) if (/wal\/0000000[12]_/.test(key)) rmSync(replica.path(key))
  const { faults } = await checked(replica)
  const { generation } = replica
  const segment = (index: number) => keys.segment({ generation, index, offset: 0 })
  assert.deepEqual(faults.map(lineOf), [
    `newest: ${segment(2)} is missing: the newest state cannot be restored; -generation ${generation} -index 00000001 restores what was stored before`,
    `older: ${segment(1)} is missing: states of WAL index 00000001 cannot be restored; newer ones do not need it`,
  ])
})

test('An index that does not fit to the snapshot index after it harms older states only', async (t) => {
  const [replica, other] = [buildReplica(t, true), buildReplica(t, true)]
  for (const key of replica.keys().filter((name) => name.includes('/wal/00000001_'))) {
    copyFileSync(other.path(key), replica.path(key))
  }
  const { faults, copy } = await checked(replica)
  assert.ok(faults.length > 0)
  assert.deepEqual([...new Set(faults.map(({ affects }) => affects))], ['older'])
  assert.equal(copy?.integrity, 'ok')
})

test('Snapshots: of another index, of another database, of no database, or with less WAL than they need', async (t) => {
  const replica = buildReplica(t, true)
  const other = buildReplica(t, true)
  const [early = '', late = ''] = replica.keys().filter((key) => key.includes('/snapshots/'))
  const bytes = readFileSync(replica.path(late))
  const problems = async (): Promise<string[]> => (await checked(replica)).faults.map(({ problem }) => problem)
  copyFileSync(replica.path(early), replica.path(late))
  assert.deepEqual(await problems(), [`${late} is the snapshot of index 0`])
  copyFileSync(other.path(late), replica.path(late))
  assert.deepEqual(await problems(), [`${late} does not belong to its WAL`])
  replica.store(late, encodeFrame(Buffer.alloc(8192)))
  assert.deepEqual(await problems(), [`${late} is not an SQLite database`])
  const small = new HandMadeReplica(t, { marks: false, pageSize: 1024 })
  copyFileSync(small.path(small.snapshot()), replica.path(late))
  assert.deepEqual(await problems(), [`${late} has page size 1024, and its WAL 4096`])
  writeFileSync(replica.path(late), bytes)
  const wal = replica.keys().filter((key) => /\/wal\/0000000[23]_/.test(key))
  for (const key of wal) rmSync(replica.path(key))
  const [problem = '', ...more] = await problems()
  assert.match(problem, new RegExp(`^${wal[0]} is missing: ${late} needs WAL up to offset`))
  assert.deepEqual(more, [])
})

test('A database that was damaged before it was stored fails integrity_check, and that is said', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.db.exec('CREATE INDEX by_content ON item (content)')
  replica.put([1, 2, 3], 3000)
  replica.checkpoint()
  const key = replica.snapshot()
  const image = replica.checkpointed()
  image.fill(0, image.length - 4096) // a page of the tree
  replica.store(key, encodeFrame(image))
  const { verdict, faults, copy } = await checked(replica)
  assert.deepEqual([verdict, copy?.integrity], ['damaged', 'damaged'])
  assert.match(
    faults.map(lineOf).join(),
    new RegExp(
      `^newest: The database that generations/${replica.generation} restores to fails integrity_check: .*check the database itself$`,
    ),
  )
})

test('A schema that needs what only the app has is no damage', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.db.function('doubled', { deterministic: true }, (value) => Number(value) * 2)
  replica.db.exec('CREATE TABLE odd (a CHECK (doubled(a) > 0)); INSERT INTO odd VALUES (1)')
  replica.checkpoint()
  replica.snapshot()
  const { verdict, copy } = await checked(replica)
  assert.deepEqual([verdict, copy?.integrity], ['ok', 'unknown'])
  assert.match(copy?.integrityNote ?? '', /doubled/)
})

test('A replica that holds nothing is empty; WAL without a snapshot is what cannot be restored', async (t) => {
  const replica = new HandMadeReplica(t)
  assert.deepEqual((await checked(replica)).verdict, 'empty')
  replica.put([1])
  replica.ship()
  const { verdict, faults, generations } = await checked(replica)
  assert.deepEqual([verdict, generations.map((each) => each.verdict)], ['damaged', ['damaged']])
  assert.deepEqual(faults.map(lineOf), [
    `newest: ${keys.snapshots(replica.generation)} is empty, and WAL cannot be restored without a snapshot: nothing of this replica can be restored`,
  ])
})

test('WAL that retention is about to delete may have gaps, but is read', async (t) => {
  const replica = buildReplica(t, true)
  const [early = '', , first = '', second = ''] = replica.keys()
  rmSync(replica.path(early))
  rmSync(replica.path(first))
  assert.equal((await checked(replica)).verdict, 'ok')
  writeFileSync(replica.path(second), 'rot')
  const { faults } = await checked(replica)
  assert.deepEqual(
    faults.map(({ object, affects }) => ({ object, affects })),
    [{ object: second, affects: 'nothing' }],
  )
})

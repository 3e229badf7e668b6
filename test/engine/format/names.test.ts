import assert from 'node:assert/strict'
import test from 'node:test'
import {
  formatPosition,
  hex8,
  isGeneration,
  keys,
  MAX_INDEX,
  MAX_SEGMENT_OFFSET,
  newGeneration,
  parseSegmentName,
  parseSnapshotName,
} from '../../../engine/format/names.ts'

const generation = '0123456789abcdef'

test('Keys have the layout of Litestream 0.3.5 to 0.3.14', () => {
  assert.deepEqual(
    [
      keys.generations,
      keys.generation(generation),
      keys.snapshots(generation),
      keys.snapshot(generation, 26),
      keys.segments(generation),
      keys.segment({ generation, index: 26, offset: 4152 }),
    ],
    [
      'generations',
      'generations/0123456789abcdef',
      'generations/0123456789abcdef/snapshots',
      'generations/0123456789abcdef/snapshots/0000001a.snapshot.lz4',
      'generations/0123456789abcdef/wal',
      'generations/0123456789abcdef/wal/0000001a_00001038.wal.lz4',
    ],
  )
})

test('A position is printed with its index in hex and its offset in decimal', () => {
  assert.equal(formatPosition({ generation, index: 26, offset: 4152 }), '0123456789abcdef/0000001a:4152')
})

test('The largest index and offset have eight digits, and come back from the name', () => {
  assert.equal(hex8(MAX_INDEX), '7fffffff')
  assert.equal(hex8(MAX_SEGMENT_OFFSET), 'ffffffff')
  const name = keys.segment({ generation, index: MAX_INDEX, offset: MAX_SEGMENT_OFFSET }).split('/').at(-1) ?? ''
  assert.deepEqual(parseSegmentName(name), { index: MAX_INDEX, offset: MAX_SEGMENT_OFFSET })
})

const generations: Record<string, boolean> = {
  '0123456789abcdef': true,
  '0000000000000000': true,
  '0123456789ABCDEF': false,
  '0123456789abcde': false,
  '0123456789abcdef0': false,
  '0123456789abcdeg': false,
  '0123456789abcdef\n': false,
  '': false,
}

for (const [name, expected] of Object.entries(generations)) {
  test(`isGeneration(${JSON.stringify(name)}) is ${expected}`, () => assert.equal(isGeneration(name), expected))
}

test('New generations are named as such, and differently', () => {
  const names = new Set(Array.from({ length: 100 }, newGeneration))
  assert.equal(names.size, 100)
  for (const name of names) assert.ok(isGeneration(name), name)
})

const snapshotNames: Record<string, number | undefined> = {
  '00000000.snapshot.lz4': 0,
  '0000001a.snapshot.lz4': 26,
  '0000001A.snapshot.lz4': undefined,
  '1a.snapshot.lz4': undefined,
  '00000001a.snapshot.lz4': undefined,
  '0000001a.snapshot': undefined,
  '0000001a.snapshot.lz4.0123456789ab.tmp': undefined,
  '0000001a_00000000.wal.lz4': undefined,
  'x0000001a.snapshot.lz4': undefined,
  '': undefined,
}

for (const [name, expected] of Object.entries(snapshotNames)) {
  test(`parseSnapshotName(${JSON.stringify(name)}) is ${expected}`, () => {
    assert.equal(parseSnapshotName(name), expected)
  })
}

const segmentNames: Record<string, { index: number; offset: number } | undefined> = {
  '00000000_00000000.wal.lz4': { index: 0, offset: 0 },
  '0000001a_00001038.wal.lz4': { index: 26, offset: 4152 },
  '0000001a_00001038.wal': undefined,
  '0000001a-00001038.wal.lz4': undefined,
  '0000001a_100001038.wal.lz4': undefined,
  '0000001a_0000103G.wal.lz4': undefined,
  '0000001a.wal.lz4': undefined,
  '0000001a_00001038.wal.lz4.tmp': undefined,
  '': undefined,
}

for (const [name, expected] of Object.entries(segmentNames)) {
  test(`parseSegmentName(${JSON.stringify(name)})`, () => assert.deepEqual(parseSegmentName(name), expected))
}

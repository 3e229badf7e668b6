import assert from 'node:assert/strict'
import test from 'node:test'
import { faultOf, missingSnapshot, placeIn } from '../../../engine/check/damage.ts'
import { isOutdated } from '../../../engine/check/outdated.ts'
import { keys } from '../../../engine/format/names.ts'
import type { GenerationListing } from '../../../engine/restore/listing.ts'

const generation = '0123456789abcdef'
const other = 'fedcba9876543210'
const createdAt = new Date('2026-11-23T04:00:00Z')

function listing(snapshots: number[], segments: [number, number][], sizeBytes = 100): GenerationListing {
  return {
    generation,
    snapshots: snapshots.map((index) => ({ generation, index, sizeBytes, createdAt })),
    segments: segments.map(([index, offset]) => ({ generation, index, offset, sizeBytes, createdAt })),
  }
}

const before = listing(
  [0, 2],
  [
    [0, 0],
    [1, 0],
    [2, 0],
    [2, 50],
  ],
)

const changes: [string, GenerationListing, boolean][] = [
  ['nothing', before, false],
  [
    'a segment at the end',
    listing(
      [0, 2],
      [
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 50],
        [2, 90],
      ],
    ),
    false,
  ],
  [
    'an index and its snapshot at the end',
    listing(
      [0, 2, 3],
      [
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 50],
        [3, 0],
      ],
    ),
    false,
  ],
  [
    'a segment gone',
    listing(
      [0, 2],
      [
        [0, 0],
        [2, 0],
        [2, 50],
      ],
    ),
    true,
  ],
  [
    'the last segment gone',
    listing(
      [0, 2],
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
    ),
    true,
  ],
  [
    'a snapshot gone',
    listing(
      [2],
      [
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 50],
      ],
    ),
    true,
  ],
  [
    'a segment in between',
    listing(
      [0, 2],
      [
        [0, 0],
        [1, 0],
        [1, 50],
        [2, 0],
        [2, 50],
      ],
    ),
    true,
  ],
  [
    'a snapshot in between',
    listing(
      [0, 1, 2],
      [
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 50],
      ],
    ),
    true,
  ],
  [
    'stored again',
    listing(
      [0, 2],
      [
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 50],
      ],
      101,
    ),
    true,
  ],
  ['everything gone', listing([], []), true],
]
for (const [what, now, expected] of changes) {
  test(`A listing is ${expected ? '' : 'not '}outdated by: ${what}`, () =>
    assert.equal(isOutdated(before, now), expected))
}

test('The place in a message is that of the object that it names first', () => {
  const key = keys.segment({ generation, index: 26, offset: 4152 })
  assert.deepEqual(placeIn(`${key} overlaps ${keys.snapshot(generation, 1)}`), { object: key, index: 26, offset: 4152 })
  const snapshot = keys.snapshot(generation, 26)
  assert.deepEqual(placeIn(`s3://bucket/path/${snapshot} does not exist`), { object: snapshot, index: 26, offset: 0 })
  assert.equal(placeIn('The bucket is gone'), undefined)
})

test('What damage means, by where it is', () => {
  const affected = (index: number, newest: string | undefined, snapshots = [2, 5]) => {
    const { affects, consequence } = faultOf({ object: 'x', index, problem: 'x' }, listing(snapshots, []), newest)
    return `${affects}: ${consequence}`
  }
  assert.equal(affected(1, generation), 'nothing: no restore needs it')
  assert.equal(affected(1, generation, []), 'nothing: no restore needs it')
  assert.match(affected(2, generation), /^older: states of WAL indexes 00000002 to 00000004 cannot be restored/)
  assert.match(affected(4, generation), /^older: states of WAL index 00000004 cannot be restored/)
  assert.match(affected(5, generation), /^newest: .* -index 00000004 restores what was stored before$/)
  assert.match(affected(16, generation), /^newest: .* -index 0000000f restores what was stored before$/)
  assert.match(affected(2, generation, [2]), /^newest: .*nothing of this generation can be restored for sure$/)
  assert.match(affected(16, other), /^older: the end of this generation cannot be restored/)
})

test('A generation without a snapshot is a fault when a restore loses what it has', () => {
  const at = (hours: number) => new Date(createdAt.getTime() + hours * 3_600_000)
  const young = { generation, from: at(9.5), to: at(10) }
  const newest = { generation: other, to: at(9) }
  assert.equal(missingSnapshot(young, newest, at(10)), undefined, 'Its snapshot may be under way')
  assert.equal(missingSnapshot({ ...young, to: at(8) }, newest, at(20)), undefined, 'It is older than the newest')
  const late = missingSnapshot(young, newest, at(11))
  assert.equal(late?.consequence, `a restore takes generation ${other}, and loses all since 2026-11-23T13:00:00.000Z`)
  assert.equal(missingSnapshot(young, undefined, at(10))?.consequence, 'nothing of this replica can be restored')
})

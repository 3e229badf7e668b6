import assert from 'node:assert/strict'
import test from 'node:test'
import type { GenerationListing, RestoreTarget } from '../../../engine/restore/listing.ts'
import { planRestore } from '../../../engine/restore/plan.ts'

const A = 'aaaaaaaaaaaaaaaa'
const B = 'bbbbbbbbbbbbbbbb'

/** Seconds after a fixed moment. */
const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000)

/** Snapshots as [index, seconds], segments as [index, offset, seconds]. */
function listing(
  generation: string,
  snapshots: [number, number][],
  segments: [number, number, number][],
): GenerationListing {
  return {
    generation,
    snapshots: snapshots.map(([index, s]) => ({ generation, index, sizeBytes: 1, createdAt: at(s) })),
    segments: segments.map(([index, offset, s]) => ({ generation, index, offset, sizeBytes: 1, createdAt: at(s) })),
  }
}

/** A plan in short: `a/1: 1+0 1+4152 2+0` is snapshot 1 of A and three segments. */
function plan(listings: GenerationListing[], target: RestoreTarget = {}, unusable?: Set<string>): string {
  const { snapshot, wal } = planRestore('main', listings, target, unusable)
  const segments = wal.flatMap((planned) => planned.segments.map(({ index, offset }) => ` ${index}+${offset}`))
  return `${snapshot.generation[0]}/${snapshot.index}:${segments.join('')}`
}

const one = listing(
  A,
  [
    [0, 10],
    [2, 30],
  ],
  [
    [0, 0, 11],
    [0, 4152, 12],
    [1, 0, 20],
    [2, 0, 31],
    [2, 4152, 32],
    [3, 0, 40],
  ],
)

const rows: [string, GenerationListing[], RestoreTarget, string][] = [
  ['the newest snapshot and all after it', [one], {}, 'a/2: 2+0 2+4152 3+0'],
  ['up to an index', [one], { index: 2 }, 'a/2: 2+0 2+4152'],
  ['an index before the newest snapshot', [one], { index: 1 }, 'a/0: 0+0 0+4152 1+0'],
  ['an index above all there is', [one], { index: 99 }, 'a/2: 2+0 2+4152 3+0'],
  ['a time between two segments', [one], { timestamp: at(31) }, 'a/2: 2+0'],
  ['a time exactly of a segment', [one], { timestamp: at(32) }, 'a/2: 2+0 2+4152'],
  ['a time before the newest snapshot', [one], { timestamp: at(29) }, 'a/0: 0+0 0+4152 1+0'],
  ['a time exactly of a snapshot', [one], { timestamp: at(10) }, 'a/0:'],
  ['a time after the last upload', [one], { timestamp: at(9999) }, 'a/2: 2+0 2+4152 3+0'],
  [
    'nothing after the first segment that is too new, even if it is older',
    [
      listing(
        A,
        [[0, 10]],
        [
          [0, 0, 11],
          [1, 0, 50],
          [2, 0, 12],
        ],
      ),
    ],
    { timestamp: at(40) },
    'a/0: 0+0',
  ],
  ['a snapshot alone', [listing(A, [[7, 10]], [])], {}, 'a/7:'],
  ['leftover WAL before the snapshot counts for nothing', [listing(A, [[7, 10]], [[3, 4152, 1]])], {}, 'a/7:'],
  ['a generation by name', [one, listing(B, [[0, 90]], [])], { generation: A }, 'a/2: 2+0 2+4152 3+0'],
  [
    'the generation stored to last, not the last by name',
    [listing(A, [[0, 90]], []), listing(B, [[0, 80]], [])],
    {},
    'a/0:',
  ],
  [
    'the generation stored to last, by its segments',
    [listing(A, [[0, 1]], [[0, 0, 90]]), listing(B, [[0, 80]], [[0, 0, 85]])],
    {},
    'a/0: 0+0',
  ],
  ['the first of equally new generations', [listing(B, [[0, 9]], []), listing(A, [[0, 9]], [])], {}, 'b/0:'],
  [
    'of generations that end in the same second the one that began later',
    [listing(A, [[0, 50]], []), listing(B, [[0, 1]], [[0, 0, 50]])],
    {},
    'a/0:',
  ],
  [
    'of generations that end in the same second the one that began later, whatever their names',
    [listing(A, [[0, 1]], [[0, 0, 50]]), listing(B, [[0, 50]], [])],
    {},
    'b/0:',
  ],
  [
    'of generations with the same start and end the one with the newer snapshot',
    [listing(A, [[0, 1]], [[0, 0, 50]]), listing(B, [[0, 50]], [[0, 0, 1]])],
    {},
    'b/0: 0+0',
  ],
  [
    'the generation that was the newest at a time, among overlapping ones',
    [
      listing(
        A,
        [[0, 1]],
        [
          [0, 0, 60],
          [0, 4152, 100],
        ],
      ),
      listing(
        B,
        [[0, 50]],
        [
          [0, 0, 55],
          [0, 4152, 90],
        ],
      ),
    ],
    { timestamp: at(70) },
    'a/0: 0+0',
  ],
  [
    'the generation before, for a time between two',
    [listing(A, [[0, 1]], [[0, 0, 2]]), listing(B, [[0, 50]], [])],
    { timestamp: at(20) },
    'a/0: 0+0',
  ],
  [
    'a generation whose newer neighbour has no snapshot',
    [one, listing(B, [], [[0, 0, 99]])],
    {},
    'a/2: 2+0 2+4152 3+0',
  ],
  ['a generation beside an empty one', [listing(B, [], []), listing(A, [[0, 1]], [])], {}, 'a/0:'],
  [
    'a generation that has its first snapshot only after a time',
    [listing(A, [[0, 1]], [[0, 0, 2]]), listing(B, [[3, 50]], [[3, 0, 5]])],
    { timestamp: at(20) },
    'a/0: 0+0',
  ],
]

for (const [what, listings, target, expected] of rows) {
  test(`Plans ${what}`, () => assert.equal(plan(listings, target), expected))
}

test('Plans without a snapshot that is unusable', () => {
  assert.equal(
    plan([one], {}, new Set([`generations/${A}/snapshots/00000002.snapshot.lz4`])),
    'a/0: 0+0 0+4152 1+0 2+0 2+4152 3+0',
  )
})

test('Tells the time of the newest object, the first that is too new, and generations that cannot be used', () => {
  const found = planRestore('main', [one, listing(B, [], [[0, 0, 25]])], { timestamp: at(31) })
  assert.deepEqual(found.updatedAt, at(31))
  assert.deepEqual([found.tooNew?.index, found.tooNew?.offset], [2, 4152])
  assert.deepEqual(found.passedOver, [])
  assert.deepEqual(planRestore('main', [one, listing(B, [], [[0, 0, 41]])], {}).passedOver, [B])
})

test('Tells of generations that may be newer, for all that times tell', () => {
  const doubts = (listings: GenerationListing[], target: RestoreTarget = {}) =>
    planRestore('main', listings, target).doubts.map(({ generation, why }) => `${generation[0]} ${why}`)
  const nested = listing(B, [[0, 20]], [[0, 0, 35]])
  assert.equal(doubts([one, nested])[0]?.startsWith('b it began later and ended earlier'), true)
  assert.deepEqual(doubts([one, nested], { timestamp: at(19) }), [])
  assert.deepEqual(doubts([one, listing(B, [[0, 40]], [])]), [], 'One began as the other ended')
  assert.deepEqual(doubts([one, listing(B, [[0, 1]], [[0, 0, 2]])]), [])
  assert.deepEqual(doubts([one, listing(B, [], [[0, 0, 20]])]), [], 'Nothing to restore from')
  const same = [listing(A, [[0, 9]], []), listing(B, [[0, 9]], [])]
  assert.equal(doubts(same)[0]?.startsWith('b its times are the same'), true)
})

const damaged: [string, GenerationListing, RestoreTarget, string][] = [
  ['the first index', listing(A, [[1, 1]], [[2, 0, 2]]), {}, 'wal/00000001_00000000.wal.lz4'],
  [
    'an index',
    listing(
      A,
      [[0, 1]],
      [
        [0, 0, 2],
        [1, 0, 3],
        [3, 0, 4],
      ],
    ),
    {},
    'wal/00000002_00000000.wal.lz4',
  ],
  [
    'a first segment',
    listing(
      A,
      [[0, 1]],
      [
        [0, 0, 2],
        [1, 4152, 3],
      ],
    ),
    {},
    'wal/00000001_00000000.wal.lz4',
  ],
  ['every snapshot', listing(A, [], [[0, 0, 2]]), {}, 'snapshots'],
  [
    'the index asked for, which was stored past',
    listing(
      A,
      [[0, 1]],
      [
        [0, 0, 2],
        [2, 0, 3],
      ],
    ),
    { index: 1 },
    'wal/00000001_00000000.wal.lz4',
  ],
  [
    'an index around the time asked for',
    listing(
      A,
      [[0, 1]],
      [
        [0, 0, 2],
        [2, 0, 4],
      ],
    ),
    { timestamp: at(3) },
    'wal/00000001_00000000.wal.lz4',
  ],
]

for (const [what, objects, target, key] of damaged) {
  test(`Names the key when ${what} is missing`, () => {
    assert.throws(
      () => plan([objects], target),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_REPLICA_DAMAGED')
        assert.ok(error.message.includes(`generations/${A}/${key}`), error.message)
        return true
      },
    )
  })
}

test('A gap before a snapshot does not matter to a time before it: the replica began again there', () => {
  const again = listing(
    A,
    [
      [0, 1],
      [5, 9],
    ],
    [
      [0, 0, 2],
      [5, 0, 10],
    ],
  )
  assert.equal(plan([again], { timestamp: at(3) }), 'a/0: 0+0')
})

test('A gap beyond the index asked for does not matter', () => {
  const gapped = listing(
    A,
    [[0, 1]],
    [
      [0, 0, 2],
      [2, 0, 3],
    ],
  )
  assert.equal(plan([gapped], { index: 0 }), 'a/0: 0+0')
})

const none: [string, GenerationListing[], RestoreTarget, RegExp][] = [
  ['an empty replica', [], {}, /replica main has no snapshot$/],
  ['empty generations', [listing(A, [], [])], {}, /replica main has no snapshot$/],
  ['another generation', [one], { generation: B }, /no snapshot of generation b{16}$/],
  [
    'a time before the first snapshot',
    [one],
    { timestamp: at(9) },
    /none of 2023-11-14T22:13:29.000Z, it reaches from 2023-11-14T22:13:30.000Z to 2023-11-14T22:14:00.000Z$/,
  ],
  ['an index before the first snapshot', [listing(A, [[5, 1]], [])], { index: 4 }, /none of index 4, it reaches/],
]

for (const [what, listings, target, message] of none) {
  test(`Finds no backup in ${what}`, () => {
    assert.throws(() => plan(listings, target), { code: 'ERR_NO_BACKUP', message })
  })
}

test('Index and timestamp exclude each other', () => {
  assert.throws(() => plan([one], { index: 1, timestamp: at(20) }), { code: 'ERR_USAGE' })
})

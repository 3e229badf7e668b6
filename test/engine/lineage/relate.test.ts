import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type Held,
  type Lineage,
  noLineage,
  withEnded,
  withLimits,
  withSettled,
} from '../../../engine/lineage/lineage.ts'
import { type Claims, type LiveWal, type Relation, type Remote, relate } from '../../../engine/lineage/relate.ts'

const X = 'aaaaaaaaaaaaaaaa'
const Y = 'bbbbbbbbbbbbbbbb'
const KEY = 'replica'
const sum = (n: number) => ({ s0: n, s1: n + 1 })
const salts = { salt1: 7, salt2: 8 }
const noWal: LiveWal = { salts: undefined, checksumAt: () => undefined, holds: () => false }
/** A WAL whose checksum at an offset is the offset. */
const wal: LiveWal = {
  salts,
  checksumAt: (offset) => (offset <= 9000 ? sum(offset) : undefined),
  holds: (offset, { s0 }) => offset <= 9000 && s0 === offset,
}
/** One that still shows the same, but has a hole before. */
const torn: LiveWal = { ...wal, holds: () => false }

function held(generation: string, index: number, offset: number, more: Partial<Held> = {}): Held {
  return { generation, index, offset, wal: salts, previousEnd: undefined, ...more }
}

function remote(generation: string, index: number, offset: number, more: Partial<Remote> = {}): Remote {
  const end = { index, offset, checksum: undefined }
  return { generation, start: { index, offset: 0 }, end, updatedAt: new Date(1000), ...more }
}

function checked(generation: string, index: number, offset: number, checksum: number): Remote {
  return remote(generation, index, offset, { end: { index, offset, checksum: sum(checksum) } })
}

const known: Lineage = { ...noLineage, replicas: [KEY] }
const claims = (lineage: Lineage, ...positions: Held[]): Claims => ({ lineage, held: positions })
const ended = (lineage: Lineage, index: number, offset: number): Lineage =>
  withEnded(lineage, [{ generation: X, index, offset }])
const settled = (lineage: Lineage, index: number, offset: number): Lineage =>
  withSettled(lineage, [{ generation: X, index, offset }])
const limited = (lineage: Lineage, position: Held): Lineage => withLimits(lineage, [KEY], position)

const previousEnd = { index: 3, offset: 5000, ...salts, checksum: sum(5000) }
const table: Record<string, [Relation | undefined, Remote, Claims, LiveWal?]> = {
  'nothing is known': ['unproven', remote(X, 3, 500), claims(noLineage)],
  'nothing is known, and the WAL shows the end': ['same', checked(X, 3, 500, 500), claims(noLineage), wal],
  'nothing is known, and the WAL is another': ['unproven', checked(X, 3, 500, 1), claims(noLineage), wal],
  'it ends where the database does': ['same', remote(X, 3, 500), claims(known, held(X, 3, 500))],
  'it ends before, in the same index': ['same', remote(X, 3, 499), claims(known, held(X, 3, 500))],
  'it ends in an index before': ['same', remote(X, 2, 9000), claims(known, held(X, 3, 500))],
  'it goes on in the same index': ['behind', remote(X, 3, 501), claims(known, held(X, 3, 500))],
  'it goes on in the next index': ['behind', remote(X, 4, 0), claims(known, held(X, 3, 500))],
  'it goes on, but the WAL shows that end': ['same', checked(X, 3, 900, 900), claims(known, held(X, 3, 500)), wal],
  'it goes on, and the WAL shows that end, behind a hole': [
    'behind',
    checked(X, 3, 900, 900),
    claims(known, held(X, 3, 500)),
    torn,
  ],
  'it goes on, and the WAL does not reach there': [
    'behind',
    checked(X, 3, 9001, 9001),
    claims(known, held(X, 3, 500)),
    wal,
  ],
  'it ends before, but differs from the WAL there': [
    'behind',
    checked(X, 3, 400, 1),
    claims(known, held(X, 3, 500)),
    wal,
  ],
  'it ends before, and the WAL is a later one': [
    'same',
    checked(X, 3, 400, 1),
    claims(known, held(X, 3, 500, { wal: { salt1: 6, salt2: 8 } })),
    wal,
  ],
  'it ends where the index before did': [
    'same',
    checked(X, 3, 5000, 5000),
    claims(known, held(X, 4, 100, { previousEnd })),
  ],
  'it ends in the index before, where that never was': [
    'behind',
    remote(X, 3, 5001),
    claims(known, held(X, 4, 100, { previousEnd })),
  ],
  'it ends where the index before did, with another checksum': [
    'behind',
    checked(X, 3, 5000, 1),
    claims(known, held(X, 4, 100, { previousEnd })),
  ],
  'another generation, at a replica of this database': ['superseded', remote(Y, 0, 0), claims(known, held(X, 3, 500))],
  'another generation, at a replica that was never met': [
    'unproven',
    remote(Y, 0, 0),
    claims(noLineage, held(X, 3, 500)),
  ],
  'a generation of its own up to its end': ['same', remote(X, 3, 500), claims(ended(known, 3, 500), held(Y, 0, 32))],
  'a generation of its own beyond its end': ['behind', remote(X, 3, 501), claims(ended(known, 3, 500), held(Y, 0, 32))],
  'beyond the position, but settled': [
    'same',
    checked(X, 3, 900, 1),
    claims(settled(known, 3, 900), held(X, 3, 500)),
    wal,
  ],
  'beyond the limit, but settled': [
    'same',
    remote(X, 3, 900),
    claims(settled(limited(known, held(X, 3, 500)), 3, 900), held(X, 3, 700)),
  ],
  'beyond what was settled': ['behind', remote(X, 3, 901), claims(settled(known, 3, 900), held(Y, 0, 32))],
  'older than what was restored': [
    'same',
    remote(Y, 0, 0),
    claims({ ...ended(known, 3, 500), asOf: { [KEY]: new Date(1000) } }),
  ],
  'newer than what was restored': [
    'superseded',
    remote(Y, 0, 0),
    claims({ ...ended(known, 3, 500), asOf: { [KEY]: new Date(999) } }),
  ],
  'newer than what was restored, at a replica that was not written to since': [
    'superseded',
    remote(Y, 0, 0),
    claims({ ...ended(noLineage, 3, 500), asOf: { [KEY]: new Date(999) } }),
  ],
  'older than what was restored, at a replica that was no part of that': [
    'unproven',
    remote(Y, 0, 0),
    claims({ ...ended(noLineage, 3, 500), asOf: { other: new Date(1000) } }),
  ],
  'up to the limit': ['same', remote(X, 3, 500), claims(limited(known, held(X, 3, 500)), held(X, 7, 0))],
  'beyond the limit, however far the database went on alone': [
    'behind',
    remote(X, 3, 501),
    claims(limited(known, held(X, 3, 500)), held(X, 7, 0)),
  ],
  'beyond the limit, whatever was claimed since': [
    'behind',
    remote(X, 3, 501),
    claims(ended(limited(known, held(X, 3, 500)), 7, 0), held(Y, 0, 32)),
  ],
  'up to the limit, but the database fell behind it': [
    'behind',
    remote(X, 3, 500),
    claims(limited(known, held(X, 3, 500)), held(X, 3, 0)),
  ],
  'a limit on another generation': ['same', remote(Y, 0, 32), claims(limited(known, held(X, 3, 500)), held(Y, 0, 32))],
  'a damaged end that begins after the database’s': [
    'behind',
    remote(X, 4, 0, { end: undefined }),
    claims(known, held(X, 3, 500)),
  ],
  'a damaged end that begins where the database ends': [
    'behind',
    remote(X, 3, 500, { start: { index: 3, offset: 500 }, end: undefined }),
    claims(known, held(X, 3, 500)),
  ],
  'a damaged end that begins before': [undefined, remote(X, 3, 0, { end: undefined }), claims(known, held(X, 3, 500))],
  'a damaged end of another generation': [
    'superseded',
    remote(Y, 3, 0, { end: undefined }),
    claims(known, held(X, 3, 500)),
  ],
  'Litestream wrote last': ['same', remote(Y, 2, 800), claims(known, held(X, 3, 500), held(Y, 2, 800))],
  'Litestream wrote, and then somebody else': [
    'behind',
    remote(Y, 2, 801),
    claims(known, held(X, 3, 500), held(Y, 2, 800)),
  ],
}

for (const [what, [expected, there, here, live = noWal]] of Object.entries(table)) {
  test(`${expected ?? 'cannot be told'}: ${what}`, () => {
    assert.equal(relate(there, here, KEY, live), expected)
  })
}

test('Of two positions in one generation the further one counts, and the newest come first', () => {
  const first = withEnded(noLineage, [{ generation: X, index: 3, offset: 500 }])
  const lineage = withEnded(withEnded(first, [{ generation: Y, index: 0, offset: 1 }]), [
    { generation: X, index: 2, offset: 900 },
  ])
  assert.deepEqual(lineage.ended, [
    { generation: X, index: 3, offset: 500 },
    { generation: Y, index: 0, offset: 1 },
  ])
})

test('The list of ended generations is bounded, and loses the oldest', () => {
  let lineage = noLineage
  for (let n = 0; n < 300; n++) {
    lineage = withEnded(lineage, [{ generation: n.toString(16).padStart(16, '0'), index: 0, offset: 0 }])
  }
  assert.equal(lineage.ended.length, 256)
  assert.equal(lineage.ended[0]?.generation, (299).toString(16).padStart(16, '0'))
})

test('A limit stays as it was first set', () => {
  const lineage = withLimits(withLimits(noLineage, [KEY], held(X, 3, 500)), [KEY, 'other'], held(X, 9, 0))
  assert.deepEqual([lineage.limits[KEY]?.index, lineage.limits.other?.index], [3, 9])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { decodeWalMark, encodeWalMark, WAL_MARK_SIZE } from '../../../engine/format/wal-mark.ts'

const mark = {
  index: 0x7fffffff,
  offset: 0x1_0000_0020,
  salt1: 0xfffffffe,
  salt2: 0x01020304,
  checksum: { s0: 0x80000000, s1: 0xffffffff },
}

test('A mark comes back as it was, also beyond 32 bits and from the middle of a buffer', () => {
  const bytes = encodeWalMark(mark)
  assert.equal(bytes.length, WAL_MARK_SIZE)
  assert.deepEqual(decodeWalMark(bytes), mark)
  const within = Buffer.concat([Buffer.from('xyz'), bytes, Buffer.from('xyz')])
  assert.deepEqual(decodeWalMark(within.subarray(3, 3 + WAL_MARK_SIZE)), mark)
})

test('The bytes are those that the layout says: stored objects must stay readable', () => {
  assert.equal(
    encodeWalMark(mark).toString('hex'),
    '776865727279' +
      '01' +
      '00' +
      'ffffff7f' +
      '2000000001000000' +
      '00000000' +
      'feffffff04030201' +
      '00000080ffffffff',
  )
})

/** Changes to an encoded mark that make it somebody else's payload. */
const foreign: Record<string, (bytes: Buffer) => Buffer> = {
  empty: () => Buffer.alloc(0),
  'another tag': (bytes) => Buffer.concat([Buffer.from('Wherry'), bytes.subarray(6)]),
  'a later version': (bytes) => Buffer.concat([bytes.subarray(0, 6), Buffer.from([2]), bytes.subarray(7)]),
  'a byte short': (bytes) => bytes.subarray(0, -1),
  'a byte long': (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
  'the same size, of zeros': () => Buffer.alloc(WAL_MARK_SIZE),
}

for (const [what, change] of Object.entries(foreign)) {
  test(`Not a mark: ${what}`, () => assert.equal(decodeWalMark(change(encodeWalMark(mark))), undefined))
}

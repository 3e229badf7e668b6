import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockSizeFor, newBlockIds } from '../../../../engine/storage/abs/blocks.ts'

const MIB = 1 << 20
const TIB = 2 ** 40

test('blocks are 8 MiB until 50,000 of them would not do', () => {
  assert.equal(blockSizeFor(), 8 * MIB)
  assert.equal(blockSizeFor(300 * 2 ** 30), 8 * MIB)
  for (const size of [2 ** 39, TIB, 20 * TIB]) {
    assert(blockSizeFor(size) * 50_000 >= size)
    assert.equal(blockSizeFor(size) % MIB, 0)
  }
})

test('ids are of one length, all different, and different from those of another upload', () => {
  const [one, other] = [newBlockIds(), newBlockIds()]
  const ids = [1, 2, 50_000].flatMap((number) => [one(number), other(number)])
  assert.equal(new Set(ids).size, 6)
  for (const id of ids) assert.equal(Buffer.from(id, 'base64').length, 64)
  assert.equal(one(2), ids[2])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newBlockIds } from '../../../../engine/storage/abs/blocks.ts'

test('ids are of one length, all different, and different from those of another upload', () => {
  const [one, other] = [newBlockIds(), newBlockIds()]
  const ids = [1, 2, 50_000].flatMap((number) => [one(number), other(number)])
  assert.equal(new Set(ids).size, 6)
  for (const id of ids) assert.equal(Buffer.from(id, 'base64').length, 64)
  assert.equal(one(2), ids[2])
})

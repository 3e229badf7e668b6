import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartSource, partSizeFor } from '../../../engine/storage/parts.ts'
import { chunks } from './contract-tools.ts'

const MIB = 1 << 20

test('As many parts as there may be hold a body a little larger than its hint, whatever that is', () => {
  for (const parts of [10_000, 50_000]) {
    assert.equal(partSizeFor(parts), 8 * MIB)
    assert.equal(partSizeFor(parts, 2e9), 8 * MIB)
    for (const hint of [79e9, 85e9, 1e12, 5e12]) {
      const size = partSizeFor(parts, hint)
      assert(size * parts >= hint * 1.001, `${hint}`)
      assert(size >= 8 * MIB && size <= Math.max(9 * MIB, hint / (0.9 * parts)), `${hint}: ${size}`)
      assert.equal(size % MIB, 0)
    }
  }
})

async function partsOf(sizes: number[], partSize: number): Promise<{ bytes: string; number: number; last: boolean }[]> {
  let byte = 0
  const body = sizes.map((size) => Uint8Array.from({ length: size }, () => byte++))
  const source = new PartSource(chunks(body), partSize)
  const parts = []
  const buffer = source.newBuffer()
  for (;;) {
    const { bytes, number, last } = await source.next(buffer)
    if (bytes.length > 0) parts.push({ bytes: bytes.toString('hex'), number, last })
    if (last) break
  }
  assert.equal(
    source.size,
    sizes.reduce((sum, size) => sum + size, 0),
  )
  return parts
}

test('parts are of equal size but the last, whatever the chunks', async () => {
  const expected = [
    { bytes: '00010203', number: 1, last: false },
    { bytes: '04050607', number: 2, last: false },
    { bytes: '0809', number: 3, last: true },
  ]
  for (const sizes of [[10], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 0, 7], [4, 4, 2], [9, 1]]) {
    assert.deepEqual(await partsOf(sizes, 4), expected, sizes.join())
  }
  assert.deepEqual(await partsOf([], 4), [])
  assert.deepEqual(await partsOf([4], 4), [{ bytes: '00010203', number: 1, last: false }])
})

test('calls at once take turns', async () => {
  const source = new PartSource(chunks([Buffer.from('abcdefghij')]), 4)
  const parts = await Promise.all([1, 2, 3].map(() => source.next(source.newBuffer())))
  assert.deepEqual(
    parts.map(({ number, bytes }) => [number, bytes.toString()]),
    [
      [1, 'abcd'],
      [2, 'efgh'],
      [3, 'ij'],
    ],
  )
})

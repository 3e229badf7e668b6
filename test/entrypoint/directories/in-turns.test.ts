import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inTurns } from '../../../entrypoint/directories/in-turns.ts'

test('Each item has its turn, and no more of them at a time than may be', async () => {
  const begun: number[] = []
  let now = 0
  let most = 0
  await inTurns([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    begun.push(item)
    most = Math.max(most, ++now)
    for (let turn = 0; turn < item; turn++) await setImmediate()
    now--
  })
  assert.deepEqual([begun, most, now], [[1, 2, 3, 4, 5, 6, 7], 3, 0])
  await inTurns([], 3, () => assert.fail('There is nothing to do'))
  await assert.rejects(
    inTurns([1], 2, () => Promise.reject(new Error('no'))),
    /no/,
  )
})

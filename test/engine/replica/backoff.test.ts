import assert from 'node:assert/strict'
import test from 'node:test'
import { Backoff } from '../../../engine/replica/backoff.ts'

const waits = (count: number, random: () => number, backoff = new Backoff()): number[] =>
  Array.from({ length: count }, () => backoff.next(random))

test('Waits double up to half a minute', () => {
  assert.deepEqual(
    waits(10, () => 1),
    [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000],
  )
})

test('Jitter takes away up to half of a wait, and never all', () => {
  assert.deepEqual(
    waits(4, () => 0),
    [125, 250, 500, 1000],
  )
})

test('Two replicas that failed together do not come back together', () => {
  const [one, other] = [waits(8, Math.random), waits(8, Math.random)]
  assert.notDeepEqual(one, other)
})

test('Ten thousand failures are half a minute too', () => {
  const backoff = new Backoff()
  waits(10_000, () => 1, backoff)
  assert.equal(
    backoff.next(() => 1),
    30_000,
  )
})

test('It counts failures, and success begins anew', () => {
  const backoff = new Backoff()
  waits(3, () => 1, backoff)
  assert.equal(backoff.failures, 3)
  backoff.reset()
  assert.equal(backoff.failures, 0)
  assert.equal(
    backoff.next(() => 1),
    250,
  )
})

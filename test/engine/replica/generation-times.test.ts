import assert from 'node:assert/strict'
import test from 'node:test'
import { generationTimes } from '../../../engine/replica/generation-times.ts'

const object = (time: string) => ({ createdAt: new Date(time) })

test('A generation lasts from its oldest object to its newest, whatever their order', () => {
  const objects = [object('2026-01-02T00:00:00Z'), object('2026-01-03T00:00:00Z'), object('2026-01-01T00:00:00Z')]
  assert.deepEqual(generationTimes(objects), {
    createdAt: new Date('2026-01-01T00:00:00Z'),
    updatedAt: new Date('2026-01-03T00:00:00Z'),
  })
  const [only] = objects
  assert.deepEqual(generationTimes(only === undefined ? [] : [only]), {
    createdAt: only?.createdAt,
    updatedAt: only?.createdAt,
  })
})

test('A generation without objects has no times', () => {
  assert.equal(generationTimes([]), undefined)
})

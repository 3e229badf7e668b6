import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pulse, silenceAfter } from '../../../entrypoint/keeper/heartbeat.ts'
import { restartDelay } from '../../../entrypoint/keeper/restart-policy.ts'

test('Silence is nothing, then slow, then a failure', () => {
  const timing = { slowMs: 5000, failedMs: 30_000 }
  const silences = [0, 4999, 5000, 29_999, 30_000, 90_000]
  assert.deepEqual(
    silences.map((ms) => pulse(ms, timing)),
    ['answers', 'answers', 'slow', 'slow', 'failed', 'failed'],
  )
})

test('Silence adds up from look to look, and a pause of the whole process counts little', () => {
  assert.equal(silenceAfter(0, 2000, 2000), 2000)
  assert.equal(silenceAfter(4000, 2500, 2000), 6500)
  assert.equal(silenceAfter(2000, 3_600_000, 2000), 6000)
})

test('stop restarts once; continue for ever, ever more slowly', () => {
  const timing = { restartMs: 1000, longestRestartMs: 60_000 }
  const failures = [1, 2, 3, 6, 7, 8, 5000]
  assert.deepEqual(
    failures.map((count) => restartDelay('stop', count, timing)),
    [1000, undefined, undefined, undefined, undefined, undefined, undefined],
  )
  assert.deepEqual(
    failures.map((count) => restartDelay('continue', count, timing)),
    [1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000],
  )
})

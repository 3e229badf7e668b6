import assert from 'node:assert/strict'
import test from 'node:test'
import { atMostEvery, type Progress, percentOf, progressLines } from '../../engine/progress.ts'
import { logLines } from '../support/log-lines.ts'

test('Log lines come with gaps, and none for what is short', () => {
  const { logger, lines } = logLines()
  let now = 0
  const onProgress = progressLines(logger, 10_000, () => now)
  for (const [ms, doneBytes] of [
    [0, 0],
    [9_999, 10],
    [10_000, 20],
    [19_999, 30],
    [20_500, 40],
    [25_000, 100],
  ] as const) {
    now = ms
    onProgress({ activity: 'restoring', doneBytes, totalBytes: 100 })
  }
  assert.deepEqual(lines, [
    { level: 'info', message: 'restoring', fields: { done: 20, sz: 100, percent: '20%' } },
    { level: 'info', message: 'restoring', fields: { done: 40, sz: 100, percent: '40%' } },
  ])
  now = 60_000
  onProgress({ activity: 'running integrity_check', doneBytes: 0, totalBytes: 0 })
  assert.deepEqual(lines.at(-1), { level: 'info', message: 'running integrity_check', fields: {} })
})

test('Events are thinned out, but for the first and the last of each activity', () => {
  const seen: Progress[] = []
  let now = 0
  const onProgress = atMostEvery(
    100,
    (progress) => void seen.push(progress),
    () => now,
  )
  for (now = 0; now <= 150; now += 10) onProgress({ activity: 'a', doneBytes: now, totalBytes: 150 })
  onProgress({ activity: 'b', doneBytes: 0, totalBytes: 9 })
  assert.deepEqual(
    seen.map(({ activity, doneBytes }) => [activity, doneBytes]),
    [
      ['a', 0],
      ['a', 100],
      ['a', 150],
      ['b', 0],
    ],
  )
})

test('100 percent is the end, and nothing before it', () => {
  assert.equal(percentOf({ doneBytes: 0, totalBytes: 3 }), 0)
  assert.equal(percentOf({ doneBytes: 999, totalBytes: 1000 }), 99)
  assert.equal(percentOf({ doneBytes: 3, totalBytes: 3 }), 100)
  assert.equal(percentOf({ doneBytes: 0, totalBytes: 0 }), 100)
})

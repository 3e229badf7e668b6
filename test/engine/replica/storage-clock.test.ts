import assert from 'node:assert/strict'
import test from 'node:test'
import { StorageClock } from '../../../engine/replica/storage-clock.ts'
import { logLines } from '../../support/log-lines.ts'

const hour = 3_600_000

/** A clock that was asked now about an upload that took so long, and whose listed time is so far from now. */
function clockWith(t: test.TestContext, ...observed: { tookMs: number; listedMs: number }[]) {
  t.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 2) })
  let mono = 10 * hour
  t.mock.method(performance, 'now', () => mono)
  const { logger, lines } = logLines()
  const clock = new StorageClock(logger)
  for (const { tookMs, listedMs } of observed) {
    clock.observe({ listed: new Date(Date.now() + listedMs), beganAtMs: mono - tookMs, endedAtMs: mono })
  }
  const pass = (ms: number): void => {
    mono += ms
    t.mock.timers.tick(ms)
  }
  return { clock, lines, pass }
}

test("Without an observation, and with one that bears it out, this machine's clock is believed", (t) => {
  for (const observed of [[], [{ tookMs: 5 * hour, listedMs: 0 }], [{ tookMs: 5 * hour, listedMs: -5 * hour }]]) {
    const { clock, lines, pass } = clockWith(t, ...observed)
    assert.equal(clock.nowMs, Date.now())
    pass(hour)
    assert.equal(clock.nowMs, Date.now())
    assert.deepEqual(lines, [])
    t.mock.reset()
  }
})

for (const [where, sign] of [
  ['behind', -1],
  ['ahead of', 1],
] as const) {
  test(`A storage's clock that is ${where} this machine's is told of once, and time runs on from it`, (t) => {
    const skewed = { tookMs: 0, listedMs: sign * 48 * hour }
    const { clock, lines, pass } = clockWith(t, skewed, skewed)
    pass(hour)
    assert.equal(clock.nowMs, Date.now() + sign * 48 * hour)
    assert.equal(lines.length, 1)
    assert.match(lines[0]?.message ?? '', new RegExp(`is ${where} this machine`))
    assert.equal(lines[0]?.fields.by, '172800s')
  })
}

test('A clock of this machine that is set later moves nothing', (t) => {
  const { clock } = clockWith(t, { tookMs: 1000, listedMs: 0 })
  const before = Date.now()
  t.mock.timers.setTime(before + 1000 * hour)
  assert.ok(Math.abs(clock.nowMs - before) <= 1000)
  t.mock.timers.setTime(0)
  assert.ok(Math.abs(clock.nowMs - before) <= 1000)
})

test('A second of difference, as where times are whole seconds, is not told', (t) => {
  const { lines } = clockWith(t, { tookMs: 10, listedMs: -999 })
  assert.deepEqual(lines, [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { durationFromNs, formatDuration, MAX_DURATION_MS, parseDuration } from '../../../entrypoint/config/duration.ts'

const parsed: Record<string, number | undefined> = {
  '0': 0,
  '+0': 0,
  '1ns': 1e-6,
  '1us': 1e-3,
  '1µs': 1e-3, // micro sign
  '1μs': 1e-3, // Greek mu
  '250ms': 250,
  '1s': 1000,
  '15m': 900_000,
  '72h': 259_200_000,
  '1h30m': 5_400_000,
  '1h0m0.5s': 3_600_500,
  '1.5s': 1500,
  '.5s': 500,
  '5.s': 5000,
  '-1.5h': -5_400_000,
  '+1s': 1000,
  '1s1s': 2000,
  '2562047h47m16.854775807s': MAX_DURATION_MS,
  '': undefined,
  '10': undefined,
  '1.5': undefined,
  '3d': undefined,
  '1w': undefined,
  '.s': undefined,
  s: undefined,
  '1 s': undefined,
  ' 1s': undefined,
  '1S': undefined,
  '1hm': undefined,
  '1s2': undefined,
  '--1s': undefined,
  '1..5s': undefined,
  '1e3s': undefined,
  '2562047h47m16.854775808s': undefined,
}

for (const [text, ms] of Object.entries(parsed)) {
  test(`parseDuration: "${text}" is ${ms === undefined ? 'no duration' : `${ms} ms`}`, () => {
    assert.equal(parseDuration(text), ms)
  })
}

const formatted: [number, string][] = [
  [0, '0s'],
  [1e-6, '1ns'],
  [0.0015, '1.5µs'],
  [-8, '-8ms'],
  [1.5, '1.5ms'],
  [999.999999, '999.999999ms'],
  [1000, '1s'],
  [3800, '3.8s'],
  [60_000, '1m0s'],
  [90_500, '1m30.5s'],
  [3_600_000, '1h0m0s'],
  [86_400_000, '24h0m0s'],
  [-5_400_000, '-1h30m0s'],
]

for (const [ms, text] of formatted) {
  test(`formatDuration: ${ms} ms is ${text}`, () => {
    assert.equal(formatDuration(ms), text)
    assert.equal(parseDuration(text), ms)
  })
}

test('A bare number is nanoseconds, cut to whole ones, within the range of Go', () => {
  assert.equal(durationFromNs(1_500_000_000), 1500)
  assert.equal(durationFromNs(-1.9), -1e-6)
  assert.equal(durationFromNs(Number.POSITIVE_INFINITY), undefined)
  assert.equal(durationFromNs(1e19), undefined)
})

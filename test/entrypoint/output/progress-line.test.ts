import assert from 'node:assert/strict'
import test from 'node:test'
import { formatBytes, formatSpan, progressLine } from '../../../entrypoint/output/progress-line.ts'

test('Bytes in units of 1000, with three digits at most', () => {
  const texts = [0, 999, 1000, 1234, 99_949, 99_951, 999_499, 999_500, 1.5e9, 2.5e15].map(formatBytes)
  const expected = ['0 B', '999 B', '1.0 kB', '1.2 kB', '99.9 kB', '100 kB', '999 kB', '1.0 MB', '1.5 GB', '2500 TB']
  assert.deepEqual(texts, expected)
})

test('Spans', () => {
  assert.deepEqual([400, 59_400, 60_000, 125_000, 3_725_000].map(formatSpan), ['0s', '59s', '1m00s', '2m05s', '1h02m'])
})

const half = { activity: 'restoring', doneBytes: 500_000_000, totalBytes: 1_000_000_000 }

test('A line has bar, percent, bytes, rate and what it will still take', () => {
  const bar = `[${'='.repeat(15)}${' '.repeat(15)}]`
  assert.equal(progressLine(half, 5000, 120), `restoring  ${bar}   50%  500 MB / 1.0 GB  100 MB/s  ETA 5s`)
  assert.equal(progressLine(half, 500, 120), `restoring  ${bar}   50%  500 MB / 1.0 GB`, 'No rate at the start')
  const done = { ...half, doneBytes: half.totalBytes }
  assert.equal(progressLine(done, 5000, 120), `restoring  [${'='.repeat(30)}]  100%  1.0 GB / 1.0 GB  200 MB/s`)
  assert.equal(progressLine({ ...half, doneBytes: 0, totalBytes: 0 }, 65_000, 80), 'restoring  1m05s')
})

test('A line never reaches the last column, however narrow the terminal', () => {
  for (let columns = 1; columns < 130; columns++) {
    const line = progressLine(half, 5000, columns)
    assert.ok(line.length < columns || line === '', `${columns}: "${line}"`)
  }
  assert.equal(progressLine(half, 5000, 45), 'restoring   50%  500 MB / 1.0 GB  100 MB/s')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { formatTable } from '../../../entrypoint/output/table.ts'
import { formatLag, formatTime } from '../../../entrypoint/output/time.ts'

test('Columns are aligned by characters, with two spaces between, and the last one is not padded', () => {
  const rows = [
    ['/data/app.db', 'file,s3'],
    ['/dätä/😀', ''],
  ]
  assert.equal(
    formatTable(['path', 'replicas'], rows),
    ['path          replicas', '/data/app.db  file,s3', '/dätä/😀       ', ''].join('\n'),
  )
  assert.equal(formatTable(['a', 'b', 'c'], []), 'a  b  c\n')
})

test('Times are UTC without a fraction', () => {
  assert.equal(formatTime(new Date('2026-11-22T21:45:26.999Z')), '2026-11-22T21:45:26Z')
  assert.equal(formatTime(new Date('2026-11-22T23:45:26+02:00')), '2026-11-22T21:45:26Z')
})

const lags: [number, string][] = [
  [42_999, '42s'],
  [10_001, '10s'],
  [10_000, '10s'],
  [9999, '9.9s'],
  [3876, '3.8s'],
  [1001, '1s'],
  [1000, '1s'],
  [999.9, '999ms'],
  [1.999, '1ms'],
  [0.9996, '999µs'],
  [0, '0s'],
  [-8.7, '-8ms'],
  [-10_500, '-10s'],
  [3_723_456, '1h2m3s'],
  [6e13, '2562047h47m16s'],
]

for (const [ms, text] of lags) {
  test(`A lag of ${ms} ms is ${text}`, () => assert.equal(formatLag(ms), text))
}

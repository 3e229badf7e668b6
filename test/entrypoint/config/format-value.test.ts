import assert from 'node:assert/strict'
import test from 'node:test'
import { lineOf, type ShownValue, showValue } from '../../../entrypoint/config/format-value.ts'
import type { ValueSpec } from '../../../entrypoint/config/key-spec.ts'
import { formatSize, parseSize } from '../../../entrypoint/config/size.ts'

const shown: [ValueSpec['kind'], unknown, ShownValue][] = [
  ['string', 'a b', 'a b'],
  ['string', undefined, null],
  ['string', 'https://u:hunter2@h/p?token=x', 'https://u:***@h/p?***'],
  ['url', 'sftp://u:hunter2@h/p', 'sftp://u:***@h/p'],
  // In the place of a path
  ['string', '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2', '****'],
  ['string', 'AGE-SECRET-KEY-1hunter2', '****'],
  ['secret', 'x', '****'],
  ['secret', 'a longer one', '****'],
  ['secret', undefined, null],
  ['choice', 'strict', 'strict'],
  ['boolean', false, false],
  ['integer', 7, 7],
  ['duration', 86_400_000, '24h'],
  ['duration', 60_000, '1m'],
  ['period', 5_400_000, '1h30m'],
  ['period', 10_000, '10s'],
  ['size', 1 << 30, '1GiB'],
  ['strings', ['a'], ['a']],
  ['commands', [], []],
]

for (const [kind, value, expected] of shown) {
  test(`showValue: ${kind} ${JSON.stringify(value)} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(showValue({ kind }, value), expected)
  })
}

const lines: [ShownValue, string][] = [
  [null, '-'],
  ['a b', 'a b'],
  ['-', '-'],
  ['', '""'],
  [' a', '" a"'],
  ['a\nb', '"a\\nb"'],
  ['\u001b[31m', '"\\u001b[31m"'],
  [['a', 'b c'], '["a","b c"]'],
  [[], '[]'],
  [true, 'true'],
  [0, '0'],
]

for (const [value, line] of lines) {
  test(`lineOf: ${JSON.stringify(value)} is ${line}`, () => {
    assert.equal(lineOf(value), line)
  })
}

for (const [bytes, text] of [
  [0, '0'],
  [1, '1'],
  [1024, '1KiB'],
  [6_000_000, '6MB'],
  [1 << 30, '1GiB'],
  [(1 << 20) * 1536, '1536MiB'],
  [1500, '1500'],
  [2000, '2kB'],
] as const) {
  test(`formatSize: ${bytes} bytes are ${text}`, () => {
    assert.equal(formatSize(bytes), text)
    assert.equal(parseSize(text), bytes)
  })
}

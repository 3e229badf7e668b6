import assert from 'node:assert/strict'
import test from 'node:test'
import { parseSize } from '../../../entrypoint/config/size.ts'

const sizes: Record<string, number | undefined> = {
  '0': 0,
  '4096': 4096,
  '4096B': 4096,
  '1kB': 1000,
  '1k': 1000,
  '512MB': 512_000_000,
  '512mb': 512_000_000,
  '512 MB': 512_000_000,
  '1KiB': 1024,
  '1GiB': 1 << 30,
  '1Gi': 1 << 30,
  '1.5GiB': 1.5 * (1 << 30),
  '1TB': 1e12,
  '': undefined,
  MB: undefined,
  '-1': undefined,
  '1.MB': undefined,
  '1iB': undefined,
  '1PB': undefined,
  '1 G B': undefined,
  '99999999TB': undefined,
}

for (const [text, bytes] of Object.entries(sizes)) {
  test(`parseSize: "${text}" is ${bytes === undefined ? 'no size' : `${bytes} bytes`}`, () => {
    assert.equal(parseSize(text), bytes)
  })
}

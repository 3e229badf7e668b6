import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AbsRequest } from '../../../../engine/storage/abs/errors.ts'
import { checkedBody } from '../../../../engine/storage/abs/read.ts'
import { fails } from '../contract-tools.ts'

const request: AbsRequest = {
  verb: 'GET',
  account: 'account',
  container: 'box',
  key: 'a/b',
  service: 'https://account.blob.example',
  access: { kind: 'key' },
}
const pace = { bytes: 10, everyMs: 50 }

test('a body that hardly comes is given up', async () => {
  const body = new PassThrough()
  const timer = setInterval(() => body.write('x'), 20)
  const checked = checkedBody(body, request, undefined, pace)
  await fails(
    checked.toArray(),
    'ERR_STORAGE_UNREACHABLE',
    /GET of abs:\/\/account@box\/a\/b \(the body came too slowly\)/,
  )
  clearInterval(timer)
})

test('a body that waits for its reader is not', async () => {
  const body = new PassThrough()
  const checked = checkedBody(body, request, undefined, pace)
  body.end(Buffer.alloc(100_000))
  await sleep(4 * pace.everyMs)
  assert.equal(Buffer.concat(await checked.toArray()).length, 100_000)
})

test('a body that is closed before its end fails', async () => {
  const body = new PassThrough()
  const checked = checkedBody(body, request, undefined)
  body.write('begun')
  setImmediate(() => body.destroy())
  await fails(checked.toArray(), 'ERR_STORAGE_UNREACHABLE', /\(the body was cut short\)/)
})

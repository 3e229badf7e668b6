import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { limited, limitMsFor } from '../../../../engine/storage/limit.ts'
import { checkedBody } from '../../../../engine/storage/s3/read.ts'
import { fails } from '../contract-tools.ts'

const request = { verb: 'GET', bucket: 'bucket', key: 'a', service: 'https://s3.example' }

async function* drip(bytes: number, everyMs: number): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(bytes)
    await sleep(everyMs)
  }
}

/** Ends only with its signal. */
const endless = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('the work was aborted'))))

test('a body that drips for ever is given up, and its connection with it', async () => {
  const body = Readable.from(drip(1, 5), { objectMode: false })
  const stream = checkedBody(body, undefined, request, undefined, { bytes: 1000, everyMs: 100 })
  await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /GET of s3:\/\/bucket\/a \(the body came too slowly\)/)
  assert.ok(body.destroyed)
})

test('a body that a slow reader does not take is not given up', async () => {
  const pieces = Array.from({ length: 64 }, () => Buffer.alloc(16 << 10))
  const stream = checkedBody(Readable.from(pieces), 1 << 20, request, undefined, { bytes: 1000, everyMs: 20 })
  await sleep(100)
  assert.equal(Buffer.concat(await stream.toArray()).length, 1 << 20)
})

test('a request ends at its limit as TimeoutError, and by its signal as whatever it makes of that', async () => {
  await assert.rejects(limited(10, undefined, endless), { name: 'TimeoutError' })
  const abort = new AbortController()
  const given = limited(60_000, abort.signal, endless)
  abort.abort()
  await assert.rejects(given, { message: 'the work was aborted' })
  await assert.rejects(
    limited(60_000, abort.signal, async (signal) => signal.throwIfAborted()),
    { name: 'AbortError' },
  )
  assert.equal(await limited(60_000, undefined, async () => 'done'), 'done')
})

test('a request that sends more may take longer', () => {
  assert.equal(limitMsFor(0), 60_000)
  assert.ok(limitMsFor(8 << 20) > 8 * 60_000)
})

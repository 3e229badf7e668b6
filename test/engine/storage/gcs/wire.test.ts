import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import { checkedBody } from '../../../../engine/storage/gcs/read.ts'
import { chunks, fails } from '../contract-tools.ts'
import { described, EMPTY_LIST, type Play, play, says, stores } from './player.ts'

/** What goes over the wire, and answers that no real server gives when asked to. */

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const X = Buffer.from('x')
const SEGMENT = `generations/${A}/wal/00000000_00000000.wal.lz4`
const MIB = 1 << 20

describe('GCS requests', () => {
  test('names are below the path, which is cleaned as Litestream cleans it', async (t) => {
    const { seen, open } = await play(t, stores)
    const paths = ['a/b', 'a/b/', 'a//b', '', '.', '/a']
    for (const path of paths) await open({ path }).writeSegment(FIRST, X)
    assert.deepEqual(
      seen.map(({ query }) => query.get('name')),
      ['a/b/', 'a/b/', 'a/b/', '', '', '/a/'].map((prefix) => prefix + SEGMENT),
    )
  })

  test('a segment is one upload without credentials, and its time is the one that the service gives', async (t) => {
    const { seen, open } = await play(t, stores)
    const { createdAt, sizeBytes } = await open().writeSegment(FIRST, Buffer.alloc(4152))
    assert.equal(createdAt.toISOString(), '2026-01-02T03:04:05.678Z')
    assert.equal(sizeBytes, 4152)
    assert.equal(seen.length, 1)
    const { method, path, query, headers } = seen[0] ?? assert.fail('no request')
    assert.equal(`${method} ${path}`, 'POST /upload/storage/v1/b/bucket/o')
    assert.equal(query.get('uploadType'), 'media')
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.equal(headers['content-length'], '4152')
    for (const name of ['authorization', 'expect', 'transfer-encoding']) assert.equal(headers[name], undefined, name)
  })

  test('an endpoint may end with a slash or hold a path, and its bucket is escaped', async (t) => {
    const { seen, open, origin } = await play(t, says(EMPTY_LIST))
    for (const endpoint of [`${origin}/`, `${origin}/gcs/`]) await open({ endpoint, bucket: 'a/b' }).generations()
    assert.deepEqual(
      seen.map(({ path }) => path),
      ['/storage/v1/b/a%2Fb/o', '/gcs/storage/v1/b/a%2Fb/o'],
    )
  })

  test('a list asks for three fields, from an index where one is given, and goes through all pages', async (t) => {
    const names = ['0000001f_00000000', '00000020_00000000', '00000021_00000000']
    const { seen, open } = await play(t, (response, what, count) => {
      const item = described(`a/b/generations/${A}/wal/${names[count - 1]}.wal.lz4`, count)
      const next = count < names.length ? { nextPageToken: `page ${count}` } : {}
      // A page may be empty and yet not the last.
      says({ ...EMPTY_LIST, ...next, ...(count === 2 ? {} : { items: [item] }) })(response, what, count)
    })
    const found = await open().segments(A, { fromIndex: 0x1f })
    assert.deepEqual(
      found.map(({ index, sizeBytes }) => [index, sizeBytes]),
      [
        [0x1f, 1],
        [0x21, 3],
      ],
    )
    assert.deepEqual(
      seen.map(({ query }) => query.get('pageToken')),
      [null, 'page 1', 'page 2'],
    )
    for (const { query } of seen) {
      assert.equal(query.get('prefix'), `a/b/generations/${A}/wal/`)
      assert.equal(query.get('startOffset'), `a/b/generations/${A}/wal/0000001f`)
      assert.equal(query.get('delimiter'), '/')
      assert.equal(query.get('fields'), 'kind,nextPageToken,prefixes,items(kind,name,size,timeCreated)')
    }
  })

  test('what may pass is tried twice, then left to the caller; a refusal is not', async (t) => {
    for (const [status, tries] of [
      [408, 2],
      [429, 2],
      [500, 2],
      [503, 2],
      [400, 1],
      [401, 1],
      [403, 1],
      [404, 1],
    ] as const) {
      const { seen, open } = await play(t, says('', status))
      await assert.rejects(open().writeSegment(FIRST, X))
      assert.equal(seen.filter(({ method }) => method === 'POST').length, tries, `${status}`)
    }
  })

  test('a second attempt that succeeds is a success', async (t) => {
    const { seen, open } = await play(t, (response, what, count) => {
      if (count === 1) response.socket?.destroy()
      else if (count === 2) stores(response, what, count)
      else response.writeHead(count === 3 ? 503 : 200).end()
    })
    await open().writeSegment(FIRST, X)
    const stream = await open().openSegment(FIRST)
    assert.deepEqual(await stream.toArray(), [])
    assert.equal(seen.length, 4)
  })

  test('of objects to delete the absent are no error; after a refusal no more is deleted', async (t) => {
    const { seen, open } = await play(t, (response, what, count) => {
      const isRefused = what.path.includes('00000020')
      says('', isRefused ? 403 : count % 2 === 0 ? 404 : 204)(response, what, count)
    })
    const positions = Array.from({ length: 200 }, (_, index) => ({ ...FIRST, index }))
    await open().deleteSegments(positions.slice(0, 0x20))
    assert.equal(new Set(seen.map(({ path }) => path)).size, 0x20)
    await fails(
      open().deleteSegments(positions),
      'ERR_STORAGE_DENIED',
      /DELETE of .*00000020_.*needs storage\.objects\.del/,
    )
    assert(seen.length < 200)
  })
})

describe('GCS answers', () => {
  test('a web page is not an empty replica', async (t) => {
    for (const page of ['<html><body>Welcome</body></html>', 'ok', '', '{}', '[]', '{"kind":"storage#object"}']) {
      const { open } = await play(t, says(page))
      await fails(open().generations(), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
      await fails(open().segments(A), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
    }
  })

  test('a web page is not an object', async (t) => {
    const { open } = await play(t, says('<html><body>Welcome</body></html>'))
    await fails(open().openSegment(FIRST), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
  })

  test('a list with an object that is not described is not taken for all there is', async (t) => {
    const { timeCreated, ...timeless } = described('n', 1)
    for (const item of [timeless, { ...timeless, timeCreated: 'then' }, { ...described('n', 1), size: 'big' }, null]) {
      const { open } = await play(t, says({ ...EMPTY_LIST, items: [item] }))
      await fails(open().segments(A), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
    }
    assert(timeCreated)
  })

  test('a write that is answered with a web page, or stored in part, is not stored', async (t) => {
    const page = await play(t, says('<html><body>Welcome</body></html>'))
    await fails(page.open().writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
    await fails(page.open().writeSnapshot(A, 0, chunks([X])), 'ERR_STORAGE_UNREACHABLE', /not a Cloud Storage answer/)
    const part = await play(t, says(described('n', 7)))
    await fails(part.open().writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', /stored 7 bytes of 1/)
  })

  test('a body shorter than its announced length fails the stream', async (t) => {
    const { open } = await play(t, (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('only this')
      setImmediate(() => response.socket?.end())
    })
    const stream = await open().openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /00000000_00000000\.wal\.lz4/)
  })

  test('a body shorter than the object fails the stream, also without an announced length', async (t) => {
    const { open } = await play(t, (response) => {
      response.writeHead(200, { 'x-goog-stored-content-length': '1000' }).write('only this')
      response.end()
    })
    const stream = await open().openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /the body was cut short/)
  })

  test('what the service writes is not passed on', async (t) => {
    const secret = 'ya29.a-token'
    for (const status of [400, 401, 403, 404, 500]) {
      const error = { code: status, message: secret, errors: [{ reason: `${secret}!`, message: secret }] }
      const { open } = await play(t, says({ error }, status))
      const calls = [open().generations(), open().openSegment(FIRST), open().writeSegment(FIRST, X)]
      for (const call of calls) {
        await assert.rejects(
          call,
          ({ message }: Error) => !message.includes(secret) && message.includes('gcs://bucket/'),
        )
      }
    }
  })
})

describe('GCS time limits', () => {
  const silent: Play = () => {}

  test('a service that says nothing is given up', async (t) => {
    const { seen, open } = await play(t, silent)
    const storage = open({}, { silenceMs: 50 })
    for (const call of [
      () => storage.generations(),
      () => storage.openSegment(FIRST),
      () => storage.writeSegment(FIRST, X),
    ]) {
      await fails<unknown>(call(), 'ERR_STORAGE_UNREACHABLE', /\(ETIMEDOUT\)/)
    }
    // What took too long is not tried again.
    assert.equal(seen.length, 3)
  })

  test('a body that stops is given up', async (t) => {
    const { open } = await play(t, (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('only this')
    })
    const stream = await open({}, { silenceMs: 50 }).openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /\(ETIMEDOUT\)/)
  })

  test('an answer that comes a byte at a time is given up', async (t) => {
    const { open } = await play(t, (response) => {
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
    })
    await fails(open({}, { wholeMs: 100 }).generations(), 'ERR_STORAGE_UNREACHABLE', /\(ETIMEDOUT\)/)
  })

  test('a body that comes a byte at a time is given up', async (t) => {
    const { origin } = await play(t, (response) => {
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
    })
    const [body] = (await once(get(origin), 'response')) as [IncomingMessage]
    const request = { verb: 'GET', bucket: 'bucket', key: 'a', service: 'Google' }
    const stream = checkedBody(body, request, undefined, { bytes: 1000, everyMs: 50 })
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /GET of gcs:\/\/bucket\/a \(the body came too slowly\)/)
  })

  test('an answer without end is not read into memory', async (t) => {
    const { open } = await play(t, (response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(MIB)));
      }
      response.on('drain', more)
      more()
    })
    await fails(open().generations(), 'ERR_STORAGE_UNREACHABLE', /\(ERR_TOO_LARGE\)/)
  })
})

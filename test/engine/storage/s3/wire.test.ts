import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { chunks, fails } from '../contract-tools.ts'
import { type Answer, EMPTY_LIST, play, type Seen, says, setEnv, status, stored, takesUploads } from './fake-service.ts'

/**
 * What goes over the wire, and answers that no real server gives when asked to: seen and played by a plain HTTP server.
 */

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const X = Buffer.from('x')
const SEGMENT = `generations/${A}/wal/00000000_00000000.wal.lz4`
describe('S3 requests', () => {
  test('keys are below the path, which is cleaned as Litestream cleans it', async (t) => {
    const { seen, open } = await play(t, stored)
    const paths = ['a/b', 'a/b/', 'a//b', '', '.', '/a']
    for (const path of paths) await open({ path }).writeSegment(FIRST, X)
    const below = ['/a/b/', '/a/b/', '/a/b/', '/', '/', '//a/']
    assert.deepEqual(
      seen.map(({ path }) => path),
      below.map((prefix) => `/bucket${prefix}${SEGMENT}`),
    )
  })

  test('a path-style request has the bucket in the path, another in the host', async (t) => {
    const { seen, open, port } = await play(t, stored)
    const endpoint = `http://localhost:${port}`
    await open({ endpoint, forcePathStyle: true }).writeSegment(FIRST, X)
    await open({ endpoint, forcePathStyle: false }).writeSegment(FIRST, X)
    assert.deepEqual(
      seen.map(({ headers, path }) => headers.host + path),
      [`localhost:${port}/bucket/a/b/${SEGMENT}`, `bucket.localhost:${port}/a/b/${SEGMENT}`],
    )
  })

  test('bodies go in one piece, without trailer or Expect', async (t) => {
    const { seen, open } = await play(t, stored)
    await open().writeSnapshot(A, 0, chunks([Buffer.alloc(3 << 20), Buffer.alloc(3 << 20)]))
    const { headers } = seen[0] ?? assert.fail('no request')
    assert.equal(headers['content-length'], String(6 << 20))
    for (const name of ['expect', 'x-amz-trailer', 'transfer-encoding', 'content-encoding']) {
      assert.equal(headers[name], undefined, name)
    }
  })

  test('a delete carries Content-MD5, for services that know no other checksum', async (t) => {
    const { seen, open } = await play(t, says('<DeleteResult/>'))
    await open().deleteSegments([FIRST])
    assert.match(String(seen[0]?.headers['content-md5']), /^[\w+/]{22}==$/)
  })

  test('of a refused delete only what has the form of a code is told', async (t) => {
    const refusal = '<Error><Key>hunter2</Key><Code>hunter2</Code></Error>'
    const { open } = await play(t, says(`<DeleteResult>${refusal}</DeleteResult>`))
    const message = new RegExp(`did not serve DELETE of s3://bucket/a/b/${SEGMENT} \\(with an unknown code\\)`)
    await fails(open().deleteSegments([FIRST]), 'ERR_STORAGE_UNREACHABLE', message)
  })

  test('what is stored carries Content-MD5, for buckets with Object Lock', async (t) => {
    const { seen, open } = await play(t, takesUploads)
    const part = Buffer.alloc(8 << 20, 'y')
    await open().writeSegment(FIRST, X)
    await open().writeSnapshot(A, 0, chunks([part, X]))
    const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('base64')
    const sent = seen.filter(({ method }) => method === 'PUT').map(({ headers }) => headers['content-md5'])
    assert.deepEqual(sent.sort(), [md5(X), md5(X), md5(part)].sort())
  })

  test('segments from an index are asked for from there', async (t) => {
    const { seen, open } = await play(t, says(EMPTY_LIST))
    await open().segments(A, { fromIndex: 0x1f })
    const query = seen[0]?.query
    assert.equal(query?.get('prefix'), `a/b/generations/${A}/wal/`)
    assert.equal(query?.get('start-after'), `a/b/generations/${A}/wal/0000001f`)
    assert.equal(query?.get('delimiter'), '/')
  })

  test('a failure of the service is tried twice, then left to the caller', async (t) => {
    const { seen, open } = await play(t, status(503))
    await fails(open().writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', /\(503 \w+\): it is tried again/)
    assert.equal(seen.length, 2)
  })
})

describe('S3 answers', () => {
  test('a web page is not an empty replica', async (t) => {
    for (const page of ['<html><body>Welcome</body></html>', '<!doctype html><p>Welcome<br>', 'ok', '']) {
      const { open } = await play(t, says(page))
      await fails(open().generations(), 'ERR_STORAGE_UNREACHABLE', /not an S3 answer/)
      await fails(open().segments(A), 'ERR_STORAGE_UNREACHABLE', /not an S3 answer/)
    }
  })

  test('a list that says it goes on, but not how, is not taken for all there is', async (t) => {
    const { open } = await play(t, says(EMPTY_LIST.replace('false', 'true')))
    await fails(open().segments(A), 'ERR_STORAGE_UNREACHABLE', /a list cut short/)
  })

  test('a write that is answered without an ETag is not stored', async (t) => {
    const { open } = await play(t, says('<html><body>Welcome</body></html>'))
    await fails(open().writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE', /not an S3 answer/)
    await fails(open().writeSnapshot(A, 0, chunks([X])), 'ERR_STORAGE_UNREACHABLE', /not an S3 answer/)
  })

  test('the first and last request of an upload in parts are answered by S3, or nothing is stored', async (t) => {
    const error = '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>'
    for (const query of ['uploads', 'uploadId'] as const) {
      for (const page of ['', '<html><body>Welcome</body></html>', '<html>ok</html>', '<R><ETag></ETag></R>', error]) {
        const { seen, open } = await play(t, (response, what, count) => {
          if (what.method === 'POST' && what.query.has(query)) says(page)(response)
          else takesUploads(response, what, count)
        })
        const body = chunks([Buffer.alloc(8 << 20), X])
        await fails(open().writeSnapshot(A, 0, body), 'ERR_STORAGE_UNREACHABLE', /did not serve PUT of s3:/)
        assert.equal(seen.at(-1)?.method, query === 'uploads' ? 'POST' : 'DELETE')
      }
    }
  })

  test('a body shorter than its announced length fails the stream', async (t) => {
    const { open } = await play(t, (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('only this')
      setImmediate(() => response.socket?.end())
    })
    const stream = await open().openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_UNREACHABLE', /00000000_00000000\.wal\.lz4/)
  })

  test('a part that is refused ends the upload, and its parts are removed', async (t) => {
    const { seen, open } = await play(t, (response, { method, query }) => {
      if (query.has('uploads')) says('<R><UploadId>the-upload</UploadId></R>')(response)
      else if (query.get('partNumber') === '2') status(403)(response)
      else status(method === 'DELETE' ? 204 : 200, { etag: '"etag"' })(response)
    })
    const body = chunks(Array.from({ length: 10 }, () => Buffer.alloc(8 << 20)))
    await fails(open().writeSnapshot(A, 0, body), 'ERR_STORAGE_DENIED')
    // A part that was on its way may be seen after it.
    const removal = seen.find(({ method }) => method === 'DELETE')
    assert.equal(removal?.query.get('uploadId'), 'the-upload')
    assert(!seen.some(({ method, query }) => method === 'POST' && query.has('uploadId')), 'it was completed')
  })
})

describe('S3 region', () => {
  const signedFor = ({ headers }: Seen) => headers.authorization?.split('/')[2]

  /** A storage without endpoint; the SDK is led to the server by its environment variable, and takes it for AWS. */
  const playAws = async (t: TestContext, head: Answer) => {
    const { seen, open, port } = await play(t, (response, what, count) => {
      if (what.method === 'HEAD') head(response, what, count)
      else stored(response)
    })
    setEnv(t, { AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` })
    return { seen, storage: open({ endpoint: undefined }), open }
  }

  for (const code of [200, 301, 400, 403]) {
    test(`is asked of AWS once, and read from an answer with status ${code}`, async (t) => {
      const { seen, storage } = await playAws(t, status(code, { 'x-amz-bucket-region': 'eu-west-1' }))
      await Promise.all([storage.writeSegment(FIRST, X), storage.writeSegment({ ...FIRST, index: 1 }, X)])
      await storage.writeSegment(FIRST, X)
      assert.deepEqual(
        seen.map((what) => [what.method, signedFor(what)]),
        [
          ['HEAD', 'us-east-1'],
          ['PUT', 'eu-west-1'],
          ['PUT', 'eu-west-1'],
          ['PUT', 'eu-west-1'],
        ],
      )
    })
  }

  test('is asked again after a failure, and an absent bucket is ERR_STORAGE_NO_BUCKET', async (t) => {
    const answers = [status(404), status(503), status(503), status(200, { 'x-amz-bucket-region': 'eu-west-1' })]
    const { seen, storage } = await playAws(t, (response) => answers.shift()?.(response))
    await fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_NO_BUCKET', /"bucket" at AWS/)
    await fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_UNREACHABLE')
    await storage.writeSegment(FIRST, X)
    assert.deepEqual(
      seen.map(({ method }) => method),
      ['HEAD', 'HEAD', 'HEAD', 'HEAD', 'PUT'],
    )
  })

  test('is not asked when it is given, or when there is an endpoint', async (t) => {
    const { seen, open } = await playAws(t, status(500))
    await open({ endpoint: undefined, region: 'ap-south-1' }).writeSegment(FIRST, X)
    await open().writeSegment(FIRST, X)
    assert.deepEqual(seen.map(signedFor), ['ap-south-1', 'us-east-1'])
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { WherryError } from '../../../engine/errors.ts'
import { FileStorage } from '../../../engine/storage/file/storage.ts'
import { Meter, type OperationsFigures } from '../../../engine/storage/meter.ts'
import { MeteredStorage } from '../../../engine/storage/metered.ts'
import { openStorage } from '../../../engine/storage/open.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import { storageContract } from './contract.ts'
import { chunks, fails } from './contract-tools.ts'
import { folderStage } from './file/stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }

/** Only what is not zero: `PUT: 2 of 30`, `GET!ERR_OBJECT_NOT_FOUND: 1`. */
function told(figures: OperationsFigures): string[] {
  return Object.entries(figures).flatMap(([operation, { count, bytes, failures }]) => [
    ...(count + bytes > 0 ? [`${operation}: ${count} of ${bytes}`] : []),
    ...Object.entries(failures).map(([code, failed]) => `${operation}!${code}: ${failed}`),
  ])
}

describe('metered storage', () => {
  let root = ''
  let count = 0
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-metered-'))
  })
  after(() => rm(root, { recursive: true }))

  const newFile = () => new FileStorage({ type: 'file', path: join(root, String(count++)) })

  describe('contract', () =>
    storageContract(async () => {
      const stage = folderStage(join(root, String(count++)))
      return { ...stage, client: new MeteredStorage(stage.client, new Meter()) }
    }))

  test('counts each operation once, with the stored bytes', async () => {
    const meter = new Meter()
    const client = await openStorage({ storage: { type: 'file', path: join(root, String(count++)) } }, { meter })
    await client.writeSnapshot(A, 0, chunks([Buffer.alloc(10), Buffer.alloc(11)]))
    await client.writeSegment(FIRST, Buffer.alloc(9))
    assert.deepEqual(told(meter.figures), ['PUT: 2 of 30'])
    await client.generations()
    await client.snapshots(A)
    await client.segments(A)
    assert.deepEqual(told(meter.figures), ['PUT: 2 of 30', 'LIST: 3 of 0'])
    await buffer(await client.openSnapshot(A, 0))
    await buffer(await client.openSegment(FIRST))
    await client.deleteSegments([FIRST, { ...FIRST, index: 1 }])
    await client.deleteSegments([])
    await client.deleteSnapshots(A, [])
    await client.deleteSnapshots(A, [0])
    await client.deleteGeneration(A)
    assert.deepEqual(told(meter.figures), ['PUT: 2 of 30', 'GET: 2 of 30', 'LIST: 3 of 0', 'DELETE: 3 of 0'])
  })

  test('bytes of a GET are those that were read; a reader that has enough is no failure', async () => {
    const meter = new Meter()
    const client = new MeteredStorage(newFile(), meter)
    const size = 8 << 20
    await client.writeSegment(FIRST, Buffer.alloc(size))
    const body = await client.openSegment(FIRST)
    for await (const chunk of body) if (chunk.length > 0) break
    const { count: gets, bytes, failures } = meter.figures.GET
    assert.equal(gets, 1)
    assert.ok(bytes > 0 && bytes < size / 2, `${bytes} bytes`)
    assert.deepEqual(failures, {})
  })

  test('failures are told apart by code, and are no operations', async () => {
    const meter = new Meter()
    const refused = () => Promise.reject(new WherryError('ERR_STORAGE_DENIED', 'Refused'))
    const inner = new DelegatingClient(newFile())
    inner.writeSegment = refused
    inner.generations = refused
    inner.deleteGeneration = refused
    inner.snapshots = () => Promise.reject(new TypeError('A fault'))
    inner.segments = () => Promise.reject(new WherryError('ERR_CANCELLED', 'Cancelled'))
    const client = new MeteredStorage(inner, meter)
    for (let tries = 0; tries < 2; tries++) {
      await fails(client.writeSegment(FIRST, Buffer.alloc(1)), 'ERR_STORAGE_DENIED')
    }
    await fails(client.generations(), 'ERR_STORAGE_DENIED')
    await assert.rejects(client.snapshots(A), TypeError)
    await fails(client.segments(A), 'ERR_CANCELLED')
    await fails(client.deleteGeneration(A), 'ERR_STORAGE_DENIED')
    await fails(client.openSegment(FIRST), 'ERR_OBJECT_NOT_FOUND')
    const body = chunks([Buffer.alloc(1)])
    body.next = () => Promise.reject(new Error('The database cannot be read'))
    await assert.rejects(client.writeSnapshot(A, 0, body))
    assert.deepEqual(told(meter.figures), [
      'PUT!ERR_STORAGE_DENIED: 2',
      'PUT!other: 1',
      'GET!ERR_OBJECT_NOT_FOUND: 1',
      'LIST!ERR_STORAGE_DENIED: 1',
      'LIST!other: 1',
      'DELETE!ERR_STORAGE_DENIED: 1',
    ])
  })

  test('a body that breaks off fails for its reader, and counts as a failure', async () => {
    const meter = new Meter()
    const inner = new DelegatingClient(newFile())
    const broken = async function* () {
      yield Buffer.alloc(100)
      throw new WherryError('ERR_STORAGE_UNREACHABLE', 'The connection broke')
    }
    inner.openSegment = async () => Readable.from(broken())
    const client = new MeteredStorage(inner, meter)
    await fails(buffer(await client.openSegment(FIRST)), 'ERR_STORAGE_UNREACHABLE')
    assert.deepEqual(told(meter.figures), ['GET: 1 of 100', 'GET!ERR_STORAGE_UNREACHABLE: 1'])
  })
})

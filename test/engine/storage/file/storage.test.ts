import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { keys } from '../../../../engine/format/names.ts'
import { FileStorage } from '../../../../engine/storage/file/storage.ts'
import { storageContract } from '../contract.ts'
import { chunks, fails } from '../contract-tools.ts'
import { folderStage } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }

describe('file storage', () => {
  let root = ''
  let count = 0
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-file-storage-'))
  })
  after(() => rm(root, { recursive: true }))

  /** A replica's root that does not exist yet, nor does its parent. */
  const newRoot = () => join(root, String(count++), 'replica')

  describe('contract', () => storageContract(async () => folderStage(newRoot())))

  test('files and folders are the owner’s alone, and the time is the modification time', async () => {
    const path = newRoot()
    const storage = new FileStorage({ type: 'file', path })
    const { createdAt } = await storage.writeSegment(FIRST, Buffer.from('x'))
    const file = await stat(join(path, keys.segment(FIRST)))
    assert.equal(file.mode & 0o777, 0o600)
    assert.deepEqual(createdAt, file.mtime)
    for (const folder of [dirname(path), path, join(path, 'generations', A, 'wal')]) {
      assert.equal((await stat(folder)).mode & 0o777, 0o700)
    }
    const then = new Date('2026-01-02T03:04:05.678Z')
    await utimes(join(path, keys.segment(FIRST)), then, then)
    assert.deepEqual((await storage.segments(A))[0]?.createdAt, then)
  })

  test('folders that vanished are made again', async () => {
    const path = newRoot()
    const storage = new FileStorage({ type: 'file', path })
    await storage.writeSegment(FIRST, Buffer.from('x'))
    await rm(dirname(path), { recursive: true })
    const writes = Array.from({ length: 8 }, (_, index) => storage.writeSegment({ ...FIRST, index }, Buffer.from('y')))
    await Promise.all(writes)
    assert.equal((await storage.segments(A)).length, 8)
  })

  test('a folder that was replaced by another is written to', async () => {
    const path = newRoot()
    const storage = new FileStorage({ type: 'file', path })
    await storage.writeSegment(FIRST, Buffer.from('x'))
    await rename(path, `${path}-old`)
    await mkdir(join(path, keys.segments(A)), { recursive: true })
    await storage.writeSegment({ ...FIRST, index: 1 }, Buffer.from('y'))
    assert.deepEqual(
      (await storage.segments(A)).map(({ index }) => index),
      [1],
    )
  })

  test('temporary files of a killed writer are removed by a later snapshot, those of a live one stay', async () => {
    const path = newRoot()
    const folder = join(path, keys.snapshots(A))
    await mkdir(folder, { recursive: true })
    const dead = join(folder, '00000000.snapshot.lz4.0123456789ab.tmp')
    await writeFile(dead, 'x')
    await utimes(dead, new Date(0), new Date(0))
    await writeFile(join(folder, '00000001.snapshot.lz4.0123456789ab.tmp'), 'x')
    await writeFile(join(folder, 'notes.tmp'), 'x')
    await utimes(join(folder, 'notes.tmp'), new Date(0), new Date(0))
    await new FileStorage({ type: 'file', path }).writeSnapshot(A, 2, chunks([Buffer.from('x')]))
    assert.deepEqual((await readdir(folder)).sort(), [
      '00000001.snapshot.lz4.0123456789ab.tmp',
      '00000002.snapshot.lz4',
      'notes.tmp',
    ])
  })

  test('a path below a file is ERR_STORAGE_LOCAL by its name', async () => {
    const file = join(root, 'a-file')
    await writeFile(file, 'x')
    const path = join(file, 'replica')
    const storage = new FileStorage({ type: 'file', path })
    await fails(storage.writeSegment(FIRST, Buffer.from('x')), 'ERR_STORAGE_LOCAL', new RegExp(path))
    await fails(storage.writeSnapshot(A, 0, chunks([])), 'ERR_STORAGE_LOCAL', new RegExp(path))
    await fails(storage.generations(), 'ERR_STORAGE_LOCAL', new RegExp(path))
    await fails(storage.openSegment(FIRST), 'ERR_STORAGE_LOCAL', new RegExp(path))
    await fails(storage.deleteGeneration(A), 'ERR_STORAGE_LOCAL', new RegExp(path))
    assert.equal(await readFile(file, 'utf8'), 'x')
  })

  test('a path without the right to write is ERR_STORAGE_LOCAL by its name', async () => {
    const path = newRoot()
    await mkdir(dirname(path))
    await mkdir(path, { mode: 0o500 })
    const storage = new FileStorage({ type: 'file', path })
    await asNobody(() => fails(storage.writeSegment(FIRST, Buffer.from('x')), 'ERR_STORAGE_LOCAL', new RegExp(path)))
  })

  test('an object that cannot be read to its end fails the stream', async () => {
    const path = newRoot()
    await mkdir(join(path, keys.segment(FIRST)), { recursive: true })
    const stream = await new FileStorage({ type: 'file', path }).openSegment(FIRST)
    await fails(stream.toArray(), 'ERR_STORAGE_LOCAL', /00000000_00000000\.wal\.lz4: EISDIR/)
  })
})

/** Permission bits do not bind root, so that it takes another identity meanwhile. */
async function asNobody(work: () => Promise<unknown>): Promise<void> {
  if (process.geteuid?.() !== 0) {
    await work()
    return
  }
  process.seteuid?.(65534)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}

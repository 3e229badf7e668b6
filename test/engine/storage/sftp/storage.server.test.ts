import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { keys } from '../../../../engine/format/names.ts'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import { hasServer, skipWithout } from '../../../servers/server.ts'
import { openssh, type RunningSftp } from '../../../servers/sftp.ts'
import { chunks, fails } from '../contract-tools.ts'
import { filesBelow, openSftp, sftpOptions } from './stage.ts'

const run = promisify(execFile)

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const MIB = 1 << 20
const X = Buffer.from('x')

describe(`SFTP storage and folders of ${openssh.name}`, { skip: await skipWithout(openssh) }, () => {
  let sftp: RunningSftp
  before(async () => {
    sftp = await openssh.start()
  })
  after(() => sftp.stop())

  const open = (t: TestContext, changes: Partial<SftpStorageOptions> = {}) => openSftp(t, sftpOptions(sftp, changes))

  test('a path begins at the root, where the login starts, or is that place itself; its folders are made', async (t) => {
    const paths: [path: string, folder: string][] = [
      [join(sftp.home, 'absolute/a'), join(sftp.home, 'absolute/a')],
      ['relative/b/', join(sftp.home, 'relative/b')],
      ['', sftp.home],
      ['with space/ü', join(sftp.home, 'with space/ü')],
    ]
    for (const [path, folder] of paths) {
      const storage = open(t, { path })
      await storage.writeSegment(FIRST, X)
      const file = join(folder, keys.segment(FIRST))
      assert.equal((await stat(file)).mode & 0o777, 0o600, path)
      for (const made of [join(folder, keys.segments(A)), join(folder, keys.generations)]) {
        assert.equal((await stat(made)).mode & 0o777, 0o700, path)
      }
      assert.deepEqual(await storage.generations(), [A], path)
      assert.equal((await storage.segments(A)).length, 1, path)
    }
  })

  test('a folder that vanished is made again', async (t) => {
    const storage = open(t, { path: 'vanishing' })
    await storage.writeSegment(FIRST, X)
    await rm(join(sftp.home, 'vanishing'), { recursive: true })
    await storage.writeSegment(FIRST, X)
    assert.equal((await buffer(await storage.openSegment(FIRST))).toString(), 'x')
  })

  test('a folder without the right to write is ERR_STORAGE_DENIED by user and path', async (t) => {
    const folder = join(sftp.dir, 'of-root')
    await mkdir(folder, { mode: 0o755 })
    const storage = open(t, { path: folder })
    assert.deepEqual(await storage.generations(), [])
    const message = new RegExp(
      `^${sftp.user}@127\\.0\\.0\\.1:${sftp.port} refused the write of ${folder}/generations/.*\\.wal\\.lz4 ` +
        `\\(status 3, permission denied\\): give the user "${sftp.user}" the right to write there`,
    )
    await fails(storage.writeSegment(FIRST, X), 'ERR_STORAGE_DENIED', message)
    await fails(storage.writeSnapshot(A, 0, chunks([X])), 'ERR_STORAGE_DENIED', /refused the write of/)
  })

  test('objects without the right to read or remove them are ERR_STORAGE_DENIED, each by its path', async (t) => {
    const storage = open(t, { path: 'rights' })
    await storage.writeSegment(FIRST, X)
    const folder = join(sftp.home, 'rights', keys.segments(A))
    await chown(join(folder, '..', 'wal', '00000000_00000000.wal.lz4'), 0, 0)
    await fails(storage.openSegment(FIRST), 'ERR_STORAGE_DENIED', /the read of rights\/.*_00000000\.wal\.lz4 .*to read/)
    await chown(folder, 0, 0)
    await chmod(folder, 0o755)
    const second = { ...FIRST, index: 1 }
    await fails(
      storage.deleteSegments([second, FIRST]),
      'ERR_STORAGE_DENIED',
      /removal of .*00000000_00000000\.wal.*remove/,
    )
    await fails(storage.deleteGeneration(A), 'ERR_STORAGE_DENIED', /removal of .*00000000_00000000\.wal/)
    await chmod(folder, 0o700)
    await fails(storage.segments(A), 'ERR_STORAGE_DENIED', /the list of rights\/.*\/wal .*the right to list/)
  })

  test('a file where a folder should be is ERR_STORAGE_DENIED', async (t) => {
    await writeFile(join(sftp.home, 'file'), 'x')
    for (const path of ['file', 'file/below']) {
      await fails(
        open(t, { path }).writeSegment(FIRST, X),
        'ERR_STORAGE_DENIED',
        /a part of the path is missing or is no/,
      )
    }
  })

  test('a full disk is ERR_STORAGE_DENIED, leaves nothing, and is over when there is room', async (t) => {
    const mount = join(sftp.dir, 'small')
    await mkdir(mount)
    const mounting = run('mount', ['-t', 'tmpfs', '-o', `size=2m,uid=${sftp.uid}`, 'tmpfs', mount])
    const canMount = mounting.then(
      () => undefined,
      () => 'Mounting a small file system is not allowed here',
    )
    if (!(await hasServer(t, { unavailable: () => canMount }))) return
    try {
      const storage = open(t, { path: mount })
      const full = /\(status 4, failure\): its disk may be full/
      await fails(storage.writeSnapshot(A, 0, chunks([Buffer.alloc(4 * MIB)])), 'ERR_STORAGE_DENIED', full)
      await fails(storage.writeSegment(FIRST, Buffer.alloc(3 * MIB)), 'ERR_STORAGE_DENIED', full)
      assert.deepEqual(await filesBelow(mount), [])
      await storage.writeSegment(FIRST, Buffer.alloc(MIB))
      await storage.close()
    } finally {
      await run('umount', ['-l', mount])
    }
  })

  test('a snapshot removes what killed processes left, and nothing else', async (t) => {
    const storage = open(t, { path: 'leftovers' })
    await storage.writeSnapshot(A, 1, chunks([X]))
    const folder = join(sftp.home, 'leftovers', keys.snapshots(A))
    const old = new Date(Date.now() - 3_600_000)
    const put = async (name: string, time: Date) => {
      await writeFile(join(folder, name), 'x')
      await utimes(join(folder, name), time, time)
    }
    await put('00000000.snapshot.lz4.0123456789ab.tmp', old)
    await put('00000001.snapshot.lz4.0123456789ab.old', old)
    const kept: [string, Date][] = [
      ['00000000.snapshot.lz4.ba9876543210.tmp', new Date()],
      // Its object is gone: this is all there is of it.
      ['00000005.snapshot.lz4.0123456789ab.old', old],
      ['0123456789ab.tmp', old],
    ]
    for (const [name, time] of kept) await put(name, time)
    await storage.writeSnapshot(A, 2, chunks([X]))
    const expected = [...kept.map(([name]) => name), '00000001.snapshot.lz4', '00000002.snapshot.lz4']
    assert.deepEqual((await readdir(folder)).sort(), expected.sort())
    await storage.deleteGeneration(A)
    assert.deepEqual(await filesBelow(join(sftp.home, 'leftovers')), [])
  })

  test('a generation is removed without following links out of it', async (t) => {
    const storage = open(t, { path: 'links' })
    await storage.writeSegment(FIRST, X)
    const outside = join(sftp.home, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'precious'), 'x')
    await run('ln', ['-s', outside, join(sftp.home, 'links', keys.segments(A), 'link')])
    await storage.deleteGeneration(A)
    assert.deepEqual(await storage.generations(), [])
    assert.deepEqual(await filesBelow(outside), ['precious'])
  })
})

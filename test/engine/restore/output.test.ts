import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs, {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { lockFile } from '../../../engine/database/engine-lock.ts'
import { restoreDatabase } from '../../../engine/restore/restore.ts'
import { temporaryFilesOf } from '../../../engine/restore/temporary-files.ts'
import { defaultTuning } from '../../../engine/restore/tuning.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'
import { Program } from '../../support/program.ts'

const { logger } = logLines()
const isRoot = process.getuid?.() === 0

function build(t: TestContext): HandMadeReplica {
  const replica = new HandMadeReplica(t)
  replica.snapshot()
  replica.put([1, 2, 3], 1000)
  replica.ship()
  return replica
}

const modeOf = (path: string) => statSync(path).mode & 0o777

test('Makes the file for its owner alone, and the folders above it', async (t) => {
  const replica = build(t)
  const outputPath = join(replica.folder, 'new', 'deep', 'app.db')
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.equal(modeOf(outputPath), 0o600)
  assert.equal(modeOf(dirname(outputPath)), 0o700)
  assert.equal(modeOf(join(replica.folder, 'new')), 0o700)
  assert.deepEqual(readdirSync(dirname(outputPath)), ['app.db'])
})

test('Sets mode and owner as asked, whatever the umask', {
  skip: !isRoot && 'Only root gives files away',
}, async (t) => {
  const replica = build(t)
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  const outputPath = join(replica.folder, 'new', 'app.db')
  await restoreDatabase(replica.client, 'file', { outputPath, mode: 0o664, uid: 1000, gid: 1001 }, logger)
  for (const path of [outputPath, dirname(outputPath)]) {
    const { uid, gid } = statSync(path)
    assert.deepEqual([uid, gid], [1000, 1001])
  }
  assert.equal(modeOf(outputPath), 0o664)
  assert.equal(modeOf(dirname(outputPath)), 0o775)
})

test('Never overwrites what is there', async (t) => {
  const replica = build(t)
  for (const make of [
    (path: string) => writeFileSync(path, ' '),
    (path: string) => writeFileSync(path, ''),
    (path: string) => mkdirSync(path),
    (path: string) => symlinkSync('/nowhere/at/all', path),
  ]) {
    const outputPath = replica.output()
    make(outputPath)
    await assert.rejects(restoreDatabase(replica.client, 'file', { outputPath }, logger), {
      code: 'ERR_OUTPUT_EXISTS',
      message: `${outputPath} exists already; remove it or restore to another path`,
    })
    assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
  }
})

test('Replaces a file of 0 bytes when that is asked for, and nothing else', async (t) => {
  const replica = build(t)
  const request = { outputPath: replica.output(), replaceEmpty: true }
  writeFileSync(request.outputPath, '')
  await restoreDatabase(replica.client, 'file', request, logger)
  assert.ok(readFileSync(request.outputPath).equals(replica.checkpointed()))
  await assert.rejects(restoreDatabase(replica.client, 'file', request, logger), { code: 'ERR_OUTPUT_EXISTS' })
})

for (const replaceEmpty of [false, true]) {
  test(`A file of 0 bytes that appears meanwhile is ${replaceEmpty ? 'replaced' : 'not overwritten'}`, async (t) => {
    const replica = build(t)
    const outputPath = replica.output()
    const client = whileDownloading(replica, () => writeFileSync(outputPath, ''))
    const restored = restoreDatabase(client, 'file', { outputPath, replaceEmpty }, logger)
    if (replaceEmpty) await restored
    else await assert.rejects(restored, { code: 'ERR_OUTPUT_EXISTS' })
    assert.equal(statSync(outputPath).size > 0, replaceEmpty)
    assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
  })
}

test('Never overwrites a database that appears meanwhile', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const client = whileDownloading(replica, () => writeFileSync(outputPath, 'of the app'))
  await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger), { code: 'ERR_OUTPUT_EXISTS' })
  assert.equal(readFileSync(outputPath, 'utf8'), 'of the app')
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('Of two restores to one place the first one to finish counts, and each has files of its own', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  let second: Stats | undefined
  const client = whileDownloading(replica, async () => {
    const before = temporaryFilesOf(outputPath)
    await restoreDatabase(replica.client, 'file', { outputPath }, logger)
    assert.deepEqual(temporaryFilesOf(outputPath), before)
    assert.ok(before.some((path) => path.endsWith('.tmp')))
    second = statSync(outputPath)
  })
  await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger), { code: 'ERR_OUTPUT_EXISTS' })
  assert.equal(statSync(outputPath).ino, second?.ino)
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('What was restored meanwhile is not set aside in place of the old database', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  writeFileSync(outputPath, 'old')
  const request = { outputPath, setAside: true }
  const client = whileDownloading(replica, async () => {
    await restoreDatabase(replica.client, 'file', request, logger)
  })
  await assert.rejects(restoreDatabase(client, 'file', request, logger), { code: 'ERR_OUTPUT_EXISTS' })
  assert.ok(readFileSync(outputPath).equals(replica.checkpointed()))
  const [, kept, ...others] = filesOf(outputPath)
  assert.match(kept ?? '', /\.aside-\d{8}T\d{6}Z$/)
  assert.deepEqual(others, [])
})

test('Lineage and database become new together, with no other restore in between', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const metaPath = `${outputPath}-meta`
  const lock = join(metaPath, 'restore-lock')
  const original = fs.linkSync
  let lineage = ''
  patch(t, 'linkSync', (from, to) => {
    assert.throws(() => lockFile(lock), { code: 'SQLITE_BUSY' })
    lineage = readFileSync(join(metaPath, 'lineage'), 'utf8')
    original(from, to)
  })
  await restoreDatabase(replica.client, 'file', { outputPath, metaPath }, logger)
  assert.ok(lineage.includes(replica.generation))
  lockFile(lock).close()
})

for (const [what, link] of Object.entries({ 'with links': undefined, 'without links': 'EPERM' })) {
  test(`A name that is taken at the last moment is not overwritten, ${what}`, async (t) => {
    const replica = build(t)
    const outputPath = replica.output()
    const original = fs.linkSync
    patch(t, 'linkSync', (from, to) => {
      writeFileSync(to, 'of the app')
      if (link !== undefined) throw Object.assign(new Error(link), { code: link })
      original(from, to)
    })
    await assert.rejects(restoreDatabase(replica.client, 'file', { outputPath }, logger), { code: 'ERR_OUTPUT_EXISTS' })
    assert.equal(readFileSync(outputPath, 'utf8'), 'of the app')
    assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
  })
}

test('A file system without links is good enough', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  patch(t, 'linkSync', () => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
  })
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('What another process uses stays, and goes when that process is dead', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const host = new URL('./restore-host.ts', import.meta.url).pathname
  const other = new Program([process.execPath, host, outputPath])
  t.after(() => other.stop('SIGKILL'))
  await other.waitForOutput(/begun/)
  const files = filesOf(outputPath)
  assert.equal(files.length, 2)
  assert.deepEqual(temporaryFilesOf(outputPath), [])
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [basename(outputPath), ...files].sort())
  await other.stop('SIGKILL')
  rmSync(outputPath)
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('Removes what an interrupted restore left, of ours or of Litestream, and nothing else', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const ours = `.${'0123456789abcdef'}.tmp`
  const leftovers = ['.tmp', '.tmp-wal', '.tmp-shm', '.tmp-0000000a-wal', ours, `${ours}-wal`, `${ours}-lock`]
  const others = ['.tmp2', '.tmp-0000000A-wal', '-x.tmp', '.tmp-wal.orphan-1', '.0123.tmp', `${ours}2`].map(
    (end) => outputPath + end,
  )
  for (const end of leftovers) writeFileSync(outputPath + end, end.endsWith('-lock') ? '' : 'old')
  for (const path of others) writeFileSync(path, 'old')
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [outputPath, ...others].map((path) => basename(path)).sort())
})

test('Tells the temporary files of a running restore, for who ends the process', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  let found: string[] = []
  const client = whileDownloading(replica, () => {
    found = temporaryFilesOf(outputPath)
  })
  const tuning = { ...defaultTuning, memoryLimitBytes: 0 }
  await restoreDatabase(client, 'file', { outputPath }, logger, undefined, { tuning })
  assert.deepEqual(found.map((path) => path.replace(/\.[0-9a-f]{16}\./, '.ID.')).sort(), [
    `${outputPath}.ID.tmp`,
    `${outputPath}.ID.tmp-lock`,
    `${outputPath}.ID.tmp-wal`,
  ])
  assert.deepEqual(temporaryFilesOf(join(replica.folder, 'no', 'such', 'folder.db')), [])
})

test('Keeps the orphaned WAL and journal of the missing database, and does not replay them', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const orphan = replica.wal()
  writeFileSync(`${outputPath}-wal`, orphan)
  writeFileSync(`${outputPath}-journal`, 'a journal')
  writeFileSync(`${outputPath}-shm`, Buffer.alloc(32768))
  const { logger, lines } = logLines()
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  const kept = filesOf(outputPath)
  assert.equal(kept.length, 3)
  assert.match(kept[1] ?? '', /-journal\.orphan-\d{8}T\d{6}Z$/)
  assert.match(kept[2] ?? '', /-wal\.orphan-\d{8}T\d{6}Z$/)
  assert.ok(readFileSync(join(replica.folder, kept[2] ?? '')).equals(orphan))
  assert.equal(lines.filter(({ level }) => level === 'warn').length, 2)
  assert.ok(readFileSync(outputPath).equals(replica.checkpointed()))
})

test('Leaves the orphans alone when there is nothing to restore', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  writeFileSync(`${outputPath}-wal`, 'x')
  for (const key of replica.keys()) rmSync(replica.path(key))
  await assert.rejects(restoreDatabase(replica.client, 'file', { outputPath }, logger), { code: 'ERR_NO_BACKUP' })
  assert.deepEqual(filesOf(outputPath), [`${basename(outputPath)}-wal`])
})

test('Removes an empty orphaned WAL', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  writeFileSync(`${outputPath}-wal`, '')
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('A place that cannot be written to is an error that names it', async (t) => {
  const replica = build(t)
  const file = join(replica.folder, 'file')
  writeFileSync(file, '')
  await assert.rejects(restoreDatabase(replica.client, 'file', { outputPath: join(file, 'app.db') }, logger), {
    code: 'ERR_OUTPUT_ACCESS',
    message: /file\/app\.db/,
  })
})

for (const [part, fill] of Object.entries({
  WAL: (replica: HandMadeReplica) => {
    replica.put([1], 3_000_000)
    replica.ship()
  },
  snapshot: (replica: HandMadeReplica) => {
    replica.put([1], 3_000_000)
    replica.ship()
    replica.nextIndex()
    replica.snapshot()
  },
})) {
  test(`A disk that is too full for the ${part} is an error that leaves nothing`, async (t) => {
    const replica = build(t)
    fill(replica)
    const disk = join(replica.folder, 'disk')
    mkdirSync(disk)
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status !== 0) {
      t.skip('Cannot mount a small file system here')
      return
    }
    try {
      const outputPath = join(disk, 'app.db')
      await assert.rejects(restoreDatabase(replica.client, 'file', { outputPath }, logger), {
        code: 'ERR_OUTPUT_ACCESS',
        message: /^Cannot write .*disk\/app\.db\.[0-9a-f]{16}\.tmp: ENOSPC/,
      })
      assert.deepEqual(readdirSync(disk), [])
    } finally {
      spawnSync('umount', ['--lazy', disk])
    }
  })
}

/** The replica's client, which calls `act` as the snapshot, the last object of a restore, is opened. */
function whileDownloading(replica: HandMadeReplica, act: () => void | Promise<void>): DelegatingClient {
  return new (class extends DelegatingClient {
    override async openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
      await act()
      return await super.openSnapshot(generation, index, signal)
    }
  })(replica.client)
}

/** The files of the database at `outputPath`, sorted. */
function filesOf(outputPath: string): string[] {
  return readdirSync(dirname(outputPath))
    .filter((name) => name.startsWith(basename(outputPath)))
    .sort()
}

/** Has all modules call `replacement` until the test ends. */
function patch(t: TestContext, name: 'linkSync', replacement: (from: string, to: string) => void): void {
  const mocked = t.mock.method(fs, name, replacement as typeof fs.linkSync)
  syncBuiltinESMExports()
  t.after(() => {
    mocked.mock.restore()
    syncBuiltinESMExports()
  })
}

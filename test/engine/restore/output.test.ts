import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { restoreDatabase } from '../../../engine/restore/restore.ts'
import { temporaryFilesOf } from '../../../engine/restore/temporary-files.ts'
import { defaultTuning } from '../../../engine/restore/tuning.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

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

test('Never overwrites a database that appears meanwhile', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const client = whileDownloading(replica, () => writeFileSync(outputPath, 'of the app'))
  await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger), { code: 'ERR_OUTPUT_EXISTS' })
  assert.equal(readFileSync(outputPath, 'utf8'), 'of the app')
  assert.deepEqual(filesOf(outputPath), [basename(outputPath)])
})

test('Does not take what another restore writes to the same place for its own', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const client = whileDownloading(replica, () => {
    rmSync(`${outputPath}.tmp`)
    writeFileSync(`${outputPath}.tmp`, 'half a database')
  })
  await assert.rejects(restoreDatabase(client, 'file', { outputPath }, logger), {
    code: 'ERR_OUTPUT_ACCESS',
    message: /is another restore running\?$/,
  })
  assert.deepEqual(filesOf(outputPath), [`${basename(outputPath)}.tmp`])
})

test('Removes what an interrupted restore left, of ours or of Litestream, and nothing else', async (t) => {
  const replica = build(t)
  const outputPath = replica.output()
  const leftovers = ['.tmp', '.tmp-wal', '.tmp-shm', '.tmp-0000000a-wal', '.tmp-0000000b-wal'].map(
    (end) => outputPath + end,
  )
  const others = ['.tmp2', '.tmp-0000000A-wal', '-x.tmp', '.tmp-wal.orphan-1'].map((end) => outputPath + end)
  for (const path of [...leftovers, ...others]) writeFileSync(path, 'old')
  assert.deepEqual(temporaryFilesOf(outputPath).sort(), leftovers.toSorted())
  await restoreDatabase(replica.client, 'file', { outputPath }, logger)
  assert.deepEqual(filesOf(outputPath), [outputPath, ...others].map((path) => basename(path)).sort())
  assert.deepEqual(temporaryFilesOf(outputPath), [])
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
  assert.deepEqual(found.sort(), [`${outputPath}.tmp`, `${outputPath}.tmp-wal`])
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
        message: /^Cannot write .*disk\/app\.db\.tmp: ENOSPC/,
      })
      assert.deepEqual(readdirSync(disk), [])
    } finally {
      spawnSync('umount', ['--lazy', disk])
    }
  })
}

/** The replica's client, which calls `act` as the snapshot, the last object of a restore, is opened. */
function whileDownloading(replica: HandMadeReplica, act: () => void): DelegatingClient {
  return new (class extends DelegatingClient {
    override openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
      act()
      return super.openSnapshot(generation, index, signal)
    }
  })(replica.client)
}

/** The files of the database at `outputPath`, sorted. */
function filesOf(outputPath: string): string[] {
  return readdirSync(dirname(outputPath))
    .filter((name) => name.startsWith(basename(outputPath)))
    .sort()
}

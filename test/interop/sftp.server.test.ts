import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { filesBelow } from '../engine/storage/sftp/stage.ts'
import { withSftp } from '../servers/sftp.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { readReplica } from '../support/replica-files.ts'
import { restore, startReplicate, stopCleanly, writeConfig } from '../support/replication.ts'
import { sandbox } from '../support/sandbox.ts'
import { sftpReplica } from '../support/sftp-replica.ts'
import { litestream, toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'
import { assertAlike, interopSuite, skip } from './suite.ts'

const wherry = toolUnderTest()

const PATH = 'apps/one'

interopSuite('SFTP with a password', async (t) => {
  const sftp = await withSftp(t)
  if (sftp === undefined) return undefined
  const { user, password, host, port, home } = sftp
  return {
    replica: sftpReplica(sftp, PATH),
    url: `sftp://${user}:${password}@${host}:${port}${home}/${PATH}`,
    names: () => filesBelow(join(home, PATH)),
  }
})

const places: Record<string, (home: string) => { path: string; root: string }> = {
  'at a path from the root': (home) => ({ path: join(home, PATH), root: join(home, PATH) }),
  'where the login starts': (home) => ({ path: '', root: home }),
}

for (const [where, at] of Object.entries(places)) {
  test(`Wherry and Litestream go on with each other's replica ${where}, with a key`, { skip }, async (t) => {
    const sftp = await withSftp(t)
    if (sftp === undefined) return
    const { path, root } = at(sftp.home)
    const { password: _, ...login } = sftpReplica(sftp, path)
    const replica = { ...login, 'key-path': sftp.keyPath }
    await assertAlike(t, { replica, names: () => filesBelow(root) }, [wherry, litestream])
  })
}

test('A replica URL with a password is restored by both', { skip }, async (t) => {
  const sftp = await withSftp(t)
  if (sftp === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await startWriter(box, { path: db, maxCommits: 20 })
  await writer.finished(30_000)
  const url = `sftp://${sftp.user}:${sftp.password}@${sftp.host}:${sftp.port}${sftp.home}/by-url`
  const engine = await startReplicate(box, wherry, [{ db, replica: { url, 'host-key': sftp.hostKeys.ed25519 } }])
  const hasSnapshot = () => readReplica(join(sftp.home, 'by-url')).some(({ snapshots }) => snapshots.length > 0)
  await waitUntil('A snapshot', hasSnapshot, { explain: () => engine.tail() })
  await stopCleanly(engine, wherry)
  assert.doesNotMatch(engine.stdout + engine.stderr, new RegExp(sftp.password))
  for (const tool of [wherry, litestream]) {
    const output = await restore(box, tool, { from: url, output: box.path(`${tool.name}.db`) })
    assertSameDatabase(output, db)
  }
})

test('An engine goes on while the server is away, and catches up when it is back, with one warning of a host key', async (t) => {
  const sftp = await withSftp(t)
  if (sftp === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await startWriter(box, { path: db, commitsPerSecond: 20 })
  await writer.moreCommits(3)
  const { 'host-key': _, ...unverified } = sftpReplica(sftp, 'away')
  const replica = { ...unverified, 'sync-interval': '100ms' }
  const engine = await startReplicate(box, wherry, [{ db, replica }])
  const root = join(sftp.home, 'away')
  const segments = () => readReplica(root)[0]?.segments.length ?? 0
  const explain = () => engine.tail()
  await waitUntil('A segment', () => segments() > 0, { explain })
  await sftp.kill()
  await engine.waitForOutput(/ECONNREFUSED/)
  await writer.moreCommits(10)
  const before = segments()
  await sftp.restart()
  await waitUntil('More segments', () => segments() > before, { explain, timeoutMs: 60_000 })
  await writer.stop()
  await stopCleanly(engine, wherry)
  const output = await restore(box, wherry, {
    from: db,
    config: writeConfig(box, [{ db, replica }]),
    output: box.path('out.db'),
  })
  assert.equal(assertCommittedState(output), writer.lastCommit())
  const warnings = (engine.stdout + engine.stderr).match(/sftp host key not verified, set host-key/g) ?? []
  assert.equal(warnings.length, 1)
})

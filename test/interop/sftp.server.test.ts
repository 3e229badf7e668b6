import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { type RunningSftp, withSftp } from '../servers/sftp.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { readReplica } from '../support/replica-files.ts'
import {
  type DatabaseSetup,
  restore,
  type Settings,
  startReplicate,
  stopCleanly,
  writeConfig,
} from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, type Tool, toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const wherry = toolUnderTest()

interface Way {
  readonly tools: readonly Tool[]
  readonly replica: (sftp: RunningSftp) => Settings
  /** Where that is on the server. */
  readonly root: (sftp: RunningSftp) => string
}

const ways: Record<string, Way> = {
  'what Wherry wrote with a password': {
    tools: [wherry],
    replica: ({ password }) => ({ password, path: 'apps/one' }),
    root: ({ home }) => join(home, 'apps/one'),
  },
  'what Litestream wrote with a key': {
    tools: [litestream],
    replica: ({ keyPath, home }) => ({ 'key-path': keyPath, path: `${home}/apps/one` }),
    root: ({ home }) => join(home, 'apps/one'),
  },
  'what Litestream began and Wherry went on with': {
    tools: [litestream, wherry],
    replica: ({ password }) => ({ password, path: 'apps/one' }),
    root: ({ home }) => join(home, 'apps/one'),
  },
  'what Wherry began and Litestream went on with': {
    tools: [wherry, litestream],
    replica: ({ keyPath }) => ({ 'key-path': keyPath, path: '' }),
    root: ({ home }) => home,
  },
}

for (const [name, { tools, replica, root }] of Object.entries(ways)) {
  test(`Wherry and Litestream restore and list alike ${name} over SFTP`, { skip }, async (t) => {
    const sftp = await withSftp(t)
    if (sftp === undefined) return
    const box = sandbox(t)
    const db = box.path('app.db')
    const filler = await startWriter(box, { path: db, maxCommits: 100, rowsPerCommit: 200, rowBytes: [1500, 3000] })
    await filler.finished(60_000)
    // More than is on its way at once.
    assert.ok(statSync(db).size > 20 << 20)
    const setups: DatabaseSetup[] = [
      {
        db,
        database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 },
        replica: { ...login(sftp), ...replica(sftp), 'sync-interval': '100ms' },
      },
    ]
    let lastCommit = 0
    for (const [turn, tool] of tools.entries()) {
      const engine = await startReplicate(box, tool, setups)
      const writer = await startWriter(box, { path: db, commitsPerSecond: 100, autocheckpointPages: 0 })
      const isVaried = () => readReplica(root(sftp)).filter(({ segments }) => hasIndexes(segments)).length > turn
      await waitUntil('Several indexes', isVaried, { everyMs: 200, timeoutMs: 30_000, explain: () => engine.tail() })
      await writer.stop()
      lastCommit = writer.lastCommit()
      await stopCleanly(engine, tool)
    }
    const config = writeConfig(box, setups)
    const restored: string[] = []
    for (const tool of [wherry, litestream]) {
      const output = await restore(box, tool, { from: db, config, output: box.path(`${tool.name}.db`) })
      assert.equal(assertCommittedState(output), lastCommit, `Restored by ${tool.name}`)
      assertSameDatabase(output, db)
      restored.push(output)
    }
    const [ours = '', theirs = ''] = restored
    assert.ok(readFileSync(ours).equals(readFileSync(theirs)), 'The same bytes')

    for (const command of ['snapshots', 'wal']) {
      const [our = [], their = []] = [
        await list(box, wherry, command, config, db),
        await list(box, litestream, command, config, db),
      ]
      assert.ok(our.length > 1, command)
      assert.deepEqual(our, their, command)
    }
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
  const { 'host-key': _, ...unverified } = login(sftp)
  const replica = { ...unverified, password: sftp.password, path: 'away', 'sync-interval': '100ms' }
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

/** Litestream knows no host keys, and passes the key over. */
function login({ host, port, user, hostKeys }: RunningSftp): Settings {
  return { type: 'sftp', host: `${host}:${port}`, user, 'host-key': hostKeys.ed25519 }
}

function hasIndexes(segments: readonly { index: number }[]): boolean {
  return new Set(segments.map(({ index }) => index)).size >= 4
}

/** The rows of a listing, each as its words. */
async function list(box: Sandbox, tool: Tool, command: string, config: string, db: string): Promise<string[][]> {
  const { stdout, stderr, code } = await box.run([...tool.command, command, '-config', config, db])
  assert.equal(code, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
}

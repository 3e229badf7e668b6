import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import type { Sandbox } from '../support/sandbox.ts'
import { Scene } from '../support/scene.ts'
import { hasLitestream, litestream, type Tool, wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

async function listing(box: Sandbox, tool: Tool, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await box.run([...tool.command, ...args])
  assert.equal(code, 0, stderr)
  return stdout
}

/** The table's cells without the column `lag`, which depends on when it is asked for. */
function withoutLag(table: string): string[][] {
  const rows = table.trimEnd().split('\n')
  return rows.map((row) => row.split(/ {2,}/).filter((_, column) => column !== 2))
}

test('Listings of a replica that Litestream wrote equal those of Litestream', { skip }, async (t) => {
  const scene = new Scene(t, {
    tool: litestream,
    database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 20 },
    replica: { 'sync-interval': '50ms' },
  })
  mkdirSync(dirname(scene.db))
  const writer = await startWriter(scene.box, { path: scene.db, commitsPerSecond: 100 })
  await scene.startEngine()
  await waitUntil('Several indexes', () => scene.generations()[0]?.segments.some(({ index }) => index >= 2))
  await scene.stopEngine()
  // Without its own state Litestream starts a second generation.
  rmSync(scene.box.path('data', '.app.db-litestream'), { recursive: true })
  await scene.startEngine()
  await scene.firstSnapshot(2)
  await writer.stop()
  await scene.stopEngine()

  const { box, db } = scene
  const config = ['-config', box.path('config.yml')]
  const url = `file://${scene.replicaPath}`
  const generation = scene.generations()[0]?.name ?? ''
  const commands = [
    ['databases', ...config],
    ['snapshots', ...config, db],
    ['snapshots', ...config, '-replica', 'file', 'data/app.db'],
    ['snapshots', url],
    ['wal', ...config, db],
    ['wal', ...config, '-generation', generation, db],
    ['wal', '-replica', 'ignored', url],
    ['wal', `file://${box.path('absent')}`],
    ['generations', `file://${box.path('absent')}`],
  ]
  for (const args of commands) {
    assert.equal(await listing(box, wherry, args), await listing(box, litestream, args), args.join(' '))
  }
  for (const args of [[...config, db], [url]]) {
    const [ours, theirs] = [wherry, litestream].map((tool) => listing(box, tool, ['generations', ...args]))
    const rows = withoutLag((await ours) ?? '')
    assert.equal(rows.length, 3)
    assert.deepEqual(rows, withoutLag((await theirs) ?? ''))
  }
})

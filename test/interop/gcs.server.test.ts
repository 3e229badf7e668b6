import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import test from 'node:test'
import { type RunningGcs, withGcs } from '../servers/gcs.ts'
import { gcsNames } from '../servers/gcs-admin.ts'
import { assertSameDatabase } from '../support/compare.ts'
import type { Program } from '../support/program.ts'
import { type DatabaseSetup, restore, startReplicate, stopCleanly, writeConfig } from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, type Tool, wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const PATH = 'apps/one'

/** What leads both of them to the server, as it leads every program that uses Google's own libraries. */
function emulator(gcs: RunningGcs): Record<string, string> {
  return { STORAGE_EMULATOR_HOST: gcs.endpoint }
}

for (const [writer, reader] of [
  [wherry, litestream],
  [litestream, wherry],
] as const) {
  test(`${reader.name} restores what ${writer.name} wrote to Google Cloud Storage, by one configuration file`, {
    skip,
  }, async (t) => {
    const gcs = await withGcs(t)
    if (gcs === undefined) return
    const box = sandbox(t)
    const replica = { type: 'gcs', bucket: gcs.bucket, path: PATH, 'sync-interval': '100ms' }
    const { setup, lastCommit } = await replicate(box, writer, gcs, replica)

    const config = writeConfig(box, [setup])
    const env = emulator(gcs)
    const restored = await restore(box, reader, { from: setup.db, config, output: box.path('out.db'), env })
    assert.equal(assertCommittedState(restored), lastCommit)
    assertSameDatabase(restored, setup.db)

    const from = `gcs://${gcs.bucket}/${PATH}`
    assertSameDatabase(await restore(box, reader, { from, output: box.path('by-url.db'), env }), setup.db)
  })
}

test('an endpoint in the configuration needs no variable', { skip }, async (t) => {
  const gcs = await withGcs(t)
  if (gcs === undefined) return
  const box = sandbox(t)
  const { bucket, endpoint } = gcs
  const setup = { db: box.path('app.db'), replica: { type: 'gs', bucket, path: PATH, endpoint } }
  const app = await startWriter(box, { path: setup.db, maxCommits: 20 })
  await app.finished(30_000)
  const engine = await startReplicate(box, wherry, [setup])
  await waitUntil('A snapshot', async () => (await names(gcs, '/snapshots/')).length > 0, {
    explain: () => engine.tail(),
  })
  await stopCleanly(engine, wherry)
  const from = `gcs://${bucket}/${PATH}`
  const restored = await restore(box, litestream, { from, output: box.path('out.db'), env: emulator(gcs) })
  assertSameDatabase(restored, setup.db)
})

/** A replica with a snapshot in chunks, several indexes and several segments of one. */
async function replicate(
  box: Sandbox,
  tool: Tool,
  gcs: RunningGcs,
  replica: DatabaseSetup['replica'],
): Promise<{ setup: DatabaseSetup; lastCommit: number }> {
  const db = box.path('app.db')
  const filler = await startWriter(box, { path: db, maxCommits: 100, rowsPerCommit: 200, rowBytes: [1500, 3000] })
  await filler.finished(60_000)
  // A chunk is 8 MiB: this database has several.
  assert.ok(statSync(db).size > 20 << 20)

  const setup = { db, database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 }, replica }
  const engine = await startReplicate(box, tool, [setup], emulator(gcs))
  const app = await startWriter(box, { path: db, commitsPerSecond: 100, autocheckpointPages: 0 })
  await untilVaried(gcs, engine)
  await app.stop()
  await stopCleanly(engine, tool)
  return { setup, lastCommit: app.lastCommit() }
}

async function untilVaried(gcs: RunningGcs, engine: Program): Promise<void> {
  const isVaried = async () => {
    const segments = await names(gcs, '/wal/')
    return segments.some((name) => /0000000[3-9]_/.test(name)) && segments.some((name) => !name.includes('_00000000'))
  }
  const explain = () => engine.tail()
  await waitUntil('Several indexes, and several segments of one', isVaried, {
    everyMs: 200,
    timeoutMs: 30_000,
    explain,
  })
}

async function names(gcs: RunningGcs, part: string): Promise<string[]> {
  return (await gcsNames(gcs, `${PATH}/`)).filter((name) => name.includes(part))
}

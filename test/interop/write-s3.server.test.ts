import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import test from 'node:test'
import { s3Servers, withS3 } from '../servers/s3.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { restore, startReplicate, stopCleanly, writeConfig } from '../support/replication.ts'
import { s3Keys, s3Replica } from '../support/s3-replica.ts'
import { sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

for (const server of s3Servers) {
  test(`Litestream restores what we wrote to ${server.name}: a snapshot in parts, several indexes and segments`, {
    skip,
  }, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    const tool = toolUnderTest()
    const db = box.path('app.db')
    const filler = await startWriter(box, { path: db, maxCommits: 100, rowsPerCommit: 200, rowBytes: [1500, 3000] })
    await filler.finished(60_000)
    // S3 takes parts of 5 MiB at least: this database has several.
    assert.ok(statSync(db).size > 20 << 20)

    const setups = [
      {
        db,
        database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 },
        replica: { ...s3Replica(s3, 'apps/one'), 'sync-interval': '100ms' },
      },
    ]
    const engine = await startReplicate(box, tool, setups)
    const writer = await startWriter(box, { path: db, commitsPerSecond: 100, autocheckpointPages: 0 })
    const explain = () => engine.tail()
    const segments = async () => (await s3Keys(s3, 'apps/one/')).filter((key) => key.includes('/wal/'))
    await waitUntil(
      'Several indexes, and several segments of one',
      async () =>
        (await segments()).some((key) => /0000000[3-9]_/.test(key)) &&
        (await segments()).some((key) => !key.includes('_00000000')),
      { everyMs: 200, explain },
    )
    await writer.stop()
    await stopCleanly(engine, tool)

    const restored = await restore(box, litestream, {
      from: db,
      config: writeConfig(box, setups),
      output: box.path('out.db'),
    })
    assert.equal(assertCommittedState(restored), writer.lastCommit())
    assertSameDatabase(restored, db)
  })
}

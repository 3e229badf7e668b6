import test from 'node:test'
import { type RunningGcs, withGcs } from '../servers/gcs.ts'
import { gcsNames } from '../servers/gcs-admin.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { restore, startReplicate, stopCleanly } from '../support/replication.ts'
import { sandbox } from '../support/sandbox.ts'
import { litestream, wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { interopSuite, skip } from './suite.ts'

const PATH = 'apps/one'

/** What leads both of them to the server, as it leads every program that uses Google's own libraries. */
function emulator(gcs: RunningGcs): Record<string, string> {
  return { STORAGE_EMULATOR_HOST: gcs.endpoint }
}

interopSuite('Google Cloud Storage', async (t) => {
  const gcs = await withGcs(t)
  if (gcs === undefined) return undefined
  return {
    replica: { type: 'gcs', bucket: gcs.bucket, path: PATH },
    url: `gcs://${gcs.bucket}/${PATH}`,
    env: emulator(gcs),
    names: () => gcsNames(gcs, `${PATH}/`),
  }
})

test('an endpoint in the configuration needs no variable', { skip }, async (t) => {
  const gcs = await withGcs(t)
  if (gcs === undefined) return
  const box = sandbox(t)
  const { bucket, endpoint } = gcs
  const setup = { db: box.path('app.db'), replica: { type: 'gs', bucket, path: PATH, endpoint } }
  const app = await startWriter(box, { path: setup.db, maxCommits: 20 })
  await app.finished(30_000)
  const engine = await startReplicate(box, wherry, [setup])
  const hasSnapshot = async () => (await gcsNames(gcs, `${PATH}/`)).some((name) => name.includes('/snapshots/'))
  await waitUntil('A snapshot', hasSnapshot, { explain: () => engine.tail() })
  await stopCleanly(engine, wherry)
  const from = `gcs://${bucket}/${PATH}`
  const restored = await restore(box, litestream, { from, output: box.path('out.db'), env: emulator(gcs) })
  assertSameDatabase(restored, setup.db)
})

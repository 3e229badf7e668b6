import assert from 'node:assert/strict'
import test from 'node:test'
import { azureContainer, withAzure } from '../servers/azure.ts'
import { azureReplica, blobNames } from '../support/azure-replica.ts'
import { startReplicate } from '../support/replication.ts'
import { sandbox } from '../support/sandbox.ts'
import { litestream } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { interopSuite, skip } from './suite.ts'

interopSuite('Azure', async (t) => {
  const azure = await withAzure(t)
  if (azure === undefined) return undefined
  const path = 'apps/one'
  return { replica: azureReplica(azure, path), names: () => blobNames(azure, `${path}/`) }
})

test('A blob of Litestream has blocks whose ids are as long as ours', { skip }, async (t) => {
  const azure = await withAzure(t)
  if (azure === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await startWriter(box, { path: db, maxCommits: 3 })
  await writer.finished(60_000)
  const engine = await startReplicate(box, litestream, [{ db, replica: azureReplica(azure, 'apps/two') }])
  const names = await waitUntil('A snapshot', async () => {
    const found = await blobNames(azure, 'apps/two/')
    return found.some((key) => key.includes('/snapshots/')) && found
  })
  await engine.stop('SIGTERM')
  const { committedBlocks = [] } = await azureContainer(azure)
    .getBlockBlobClient(names[0] ?? '')
    .getBlockList('committed')
  assert.deepEqual(
    committedBlocks.map(({ name }) => Buffer.from(name, 'base64').length),
    [64],
  )
})

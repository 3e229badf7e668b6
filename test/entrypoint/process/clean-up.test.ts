import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EngineThread, temporaryFilesOf } from '../../../engine/index.ts'
import { withCleanUp } from '../../../entrypoint/process/clean-up.ts'
import { FolderS3 } from '../../support/folder-s3.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { sandbox } from '../../support/sandbox.ts'
import { waitUntil } from '../../support/wait.ts'

const HOST = fileURLToPath(new URL('./clean-up-host.ts', import.meta.url))

test('A restore whose thread is ended leaves no temporary file', async (t) => {
  const box = sandbox(t)
  const replica = new HandMadeReplica(t)
  replica.snapshot()
  const s3 = await FolderS3.start(t, replica.root)
  s3.hold('GET')
  const storage = {
    type: 's3',
    bucket: 'bucket',
    path: '',
    region: 'us-east-1',
    endpoint: String(s3.settings.endpoint),
    forcePathStyle: true,
    skipVerify: false,
    accessKeyId: 'key',
    secretAccessKey: 'secret',
  } as const
  const outputPath = box.path('app.db')
  const foreign = `${outputPath}.0123456789abcdef.tmp`
  const thread = new EngineThread(() => {})
  t.after(() => thread.end())
  const restore = withCleanUp(outputPath, () => thread.restore([{ name: 's3', storage }], { outputPath }))
  const rejected = assert.rejects(restore, { code: 'ERR_ENGINE_DIED' })
  await waitUntil('A temporary file', () => temporaryFilesOf(outputPath).some((path) => path.endsWith('.tmp')))
  writeFileSync(foreign, 'of another process')
  await thread.end()
  await rejected
  assert.deepEqual(readdirSync(box.dir), ['app.db.0123456789abcdef.tmp'])
})

// The host takes SIGUSR2 as the order to exit; the others end it as they end every program.
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) {
  test(`A process that ends by ${signal} during a restore removes its temporary files, and no others`, async (t) => {
    const box = sandbox(t)
    const host = box.start([process.execPath, HOST, box.path('app.db')])
    await host.waitForOutput(/begun/)
    assert.equal(readdirSync(box.dir).length, 2)
    writeFileSync(box.path('app.db.0123456789abcdef.tmp'), 'of another process')
    assert.deepEqual(await host.stop(signal), signal === 'SIGUSR2' ? { code: 3, signal: null } : { code: null, signal })
    assert.deepEqual(readdirSync(box.dir), ['app.db.0123456789abcdef.tmp'])
  })
}

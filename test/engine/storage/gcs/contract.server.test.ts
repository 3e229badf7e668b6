import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fakeGcs, type RunningGcs, startGcs } from '../../../servers/gcs.ts'
import { skipWithout } from '../../../servers/server.ts'
import { storageContract } from '../contract.ts'
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import { gcsStage } from './stage.ts'

describe(`GCS storage on ${fakeGcs.name}`, { skip: await skipWithout(fakeGcs) }, () => {
  let gcs: RunningGcs
  let proxy: RecordingProxy
  let count = 0
  before(async () => {
    gcs = await startGcs()
    proxy = await startRecordingProxy(gcs.endpoint)
  })
  after(async () => {
    await proxy.close()
    await gcs.stop()
  })

  const newPath = () => `contract/${count++}`

  describe('contract', () => storageContract(async () => gcsStage(gcs, proxy, newPath())))

  test('the stage sees an upload session that was left', async () => {
    const path = newPath()
    const name = `${path}/generations/00000000000000aa/snapshots/00000001.snapshot.lz4`
    const query = new URLSearchParams({ uploadType: 'resumable', name })
    await fetch(`${proxy.endpoint}/upload/storage/v1/b/${gcs.bucket}/o?${query}`, { method: 'POST' })
    assert.deepEqual(await gcsStage(gcs, proxy, path).unfinished(), [name])
  })
})

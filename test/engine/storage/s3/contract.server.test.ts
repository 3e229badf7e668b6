import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { keys } from '../../../../engine/format/names.ts'
import { type RunningS3, s3Client, s3Servers } from '../../../servers/s3.ts'
import { skipWithout } from '../../../servers/server.ts'
import { storageContract } from '../contract.ts'
import { s3Options, s3Stage } from './stage.ts'

for (const server of s3Servers) {
  describe(`S3 storage on ${server.name}`, { skip: await skipWithout(server) }, () => {
    let s3: RunningS3
    let count = 0
    before(async () => {
      s3 = await server.start()
    })
    after(() => s3.stop())

    const newPath = () => `contract/${count++}`

    describe('contract', () => storageContract(async () => s3Stage(s3, s3Options(s3, { path: newPath() }))))

    test('the stage sees an upload that was left', async () => {
      const path = newPath()
      const Key = `${path}/${keys.snapshot('00000000000000aa', 1)}`
      await s3Client(s3).send(new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key }))
      assert.deepEqual(await s3Stage(s3, s3Options(s3, { path })).unfinished(), [Key])
    })
  })
}

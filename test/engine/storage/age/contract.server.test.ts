import { after, before, describe } from 'node:test'
import { minio, type RunningS3 } from '../../../servers/s3.ts'
import { skipWithout } from '../../../servers/server.ts'
import { storageContract } from '../contract.ts'
import { s3Options, s3Stage } from '../s3/stage.ts'
import { newKeys } from './keys.ts'
import { encryptedStage } from './stage.ts'

describe(`age storage in S3 on ${minio.name}`, { skip: await skipWithout(minio) }, async () => {
  const { age } = await newKeys()
  let s3: RunningS3
  let count = 0
  before(async () => {
    s3 = await minio.start()
  })
  after(() => s3.stop())

  storageContract(async () => encryptedStage(s3Stage(s3, s3Options(s3, { path: `contract/${count++}` })), age))
})

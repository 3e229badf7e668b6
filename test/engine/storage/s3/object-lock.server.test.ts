import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { minio, type RunningS3, s3Client, versitygw, withS3 } from '../../../servers/s3.ts'
import { chunks, fails } from '../contract-tools.ts'
import { s3Options } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }

/** Options for a bucket in which everything is kept for a day, whoever deletes it. */
async function lockedBucket(s3: RunningS3, client: S3Client): Promise<S3StorageOptions> {
  const Bucket = 'locked'
  await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
  const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
  await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
  return s3Options(s3, { bucket: Bucket, path: 'app' })
}

test('MinIO: a locked bucket takes everything, and keeps what is written over or deleted', async (t) => {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return
  const client = s3Client(s3)
  t.after(() => client.destroy())
  const options = await lockedBucket(s3, client)
  const storage = new S3Storage(options)
  t.after(() => storage.close())
  await storage.writeSegment(FIRST, Buffer.from('first'))
  await storage.writeSegment(FIRST, Buffer.from('second'))
  await storage.writeSnapshot(A, 0, chunks([randomBytes(9 << 20)]))
  await storage.deleteGeneration(A)
  assert.deepEqual(await storage.segments(A), [])
  assert.deepEqual(await storage.snapshots(A), [])

  const at = { Bucket: options.bucket }
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ ...at, Prefix: 'app/' }))
  assert.equal(Versions.length, 3)
  const contents: string[] = []
  for (const { Key, VersionId, Size = 0 } of Versions) {
    if (Size > 100) continue
    const { Body } = await client.send(new GetObjectCommand({ ...at, Key, VersionId }))
    contents.push(String(await Body?.transformToString()))
  }
  assert.deepEqual(contents.sort(), ['first', 'second'])
})

test('versitygw: a locked bucket takes new objects, and refuses to replace or delete one', async (t) => {
  const s3 = await withS3(t, versitygw)
  if (s3 === undefined) return
  const client = s3Client(s3)
  t.after(() => client.destroy())
  const storage = new S3Storage(await lockedBucket(s3, client))
  t.after(() => storage.close())
  await storage.writeSegment(FIRST, Buffer.from('first'))
  await storage.writeSnapshot(A, 0, chunks([randomBytes(9 << 20)]))
  await fails(storage.writeSegment(FIRST, Buffer.from('second')), 'ERR_STORAGE_DENIED', /refused PUT .*AccessDenied/)
  await fails(storage.deleteSegments([FIRST]), 'ERR_STORAGE_DENIED', /refused DELETE .*AccessDenied/)
  const [body] = await (await storage.openSegment(FIRST)).toArray()
  assert.equal(String(body), 'first')
})

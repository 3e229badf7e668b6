import type { TestContext } from 'node:test'
import { CreateBucketCommand, DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { minio, type RunningS3, s3Client, withS3 } from '../servers/s3.ts'
import { s3Keys } from '../support/s3-replica.ts'

/** A MinIO with the bucket `name`, for one test; undefined, with the test skipped, when there is none. */
export async function withBucket(t: TestContext, name: string): Promise<RunningS3 | undefined> {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return undefined
  const bucket = { ...s3, bucket: name }
  await asAdmin(bucket, (client) => client.send(new CreateBucketCommand({ Bucket: name })))
  return bucket
}

/** Removes all objects. */
export async function emptyBucket(bucket: RunningS3): Promise<void> {
  const keys = await s3Keys(bucket, '')
  await asAdmin(bucket, async (client) => {
    for (const Key of keys) await client.send(new DeleteObjectCommand({ Bucket: bucket.bucket, Key }))
  })
}

async function asAdmin(bucket: RunningS3, work: (client: S3Client) => Promise<unknown>): Promise<void> {
  const client = s3Client(bucket)
  try {
    await work(client)
  } finally {
    client.destroy()
  }
}

import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { keys } from '../../../../engine/format/names.ts'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { type RunningS3, s3Client } from '../../../servers/s3.ts'
import { s3Keys } from '../../../support/s3-replica.ts'
import type { Stage } from '../contract.ts'

/** Options for a replica on a test server. */
export function s3Options(s3: RunningS3, changes: Partial<S3StorageOptions> = {}): S3StorageOptions {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = s3
  return {
    type: 's3',
    bucket,
    path: 'app/db',
    region,
    endpoint,
    forcePathStyle: true,
    skipVerify: false,
    accessKeyId,
    secretAccessKey,
    ...changes,
  }
}

/** A client with an own path in the bucket, and what the test does beside it. */
export function s3Stage(s3: RunningS3, options: S3StorageOptions): Stage {
  const admin = s3Client(s3)
  const prefix = `${options.path}/`
  const at = { Bucket: s3.bucket }
  return {
    client: new S3Storage(options),
    put: async (key, body) => {
      await admin.send(new PutObjectCommand({ ...at, Key: prefix + key, Body: body }))
    },
    keys: async () => (await s3Keys(s3, prefix)).map((key) => key.slice(prefix.length)),
    unfinished: async () => {
      const found: string[] = []
      for (const index of [0, 1]) {
        // MinIO lists the uploads of a key, not those below a prefix.
        const Prefix = prefix + keys.snapshot('00000000000000aa', index)
        const { Uploads = [] } = await admin.send(new ListMultipartUploadsCommand({ ...at, Prefix }))
        for (const { Key = '' } of Uploads) found.push(Key)
      }
      return found
    },
  }
}

import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { type RunningS3, s3Client } from '../servers/s3.ts'
import type { Settings } from './replication.ts'

/** The keys of a replica in `path` of the server's bucket, as the configuration file has them. */
export function s3Replica(s3: RunningS3, path: string): Settings {
  return {
    type: 's3',
    bucket: s3.bucket,
    path,
    region: s3.region,
    endpoint: s3.endpoint,
    'force-path-style': true,
    'access-key-id': s3.accessKeyId,
    'secret-access-key': s3.secretAccessKey,
  }
}

/** All keys below `prefix`, in order. */
export async function s3Keys(s3: RunningS3, prefix: string): Promise<string[]> {
  const client = s3Client(s3)
  try {
    const keys: string[] = []
    for (let after: string | undefined; ; after = keys.at(-1)) {
      const page = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: prefix, StartAfter: after }))
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
      if (page.IsTruncated !== true) return keys
    }
  } finally {
    client.destroy()
  }
}

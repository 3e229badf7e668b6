import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { answerError, regionInAnswer, type S3Request, s3Error } from './errors.ts'

/** Where AWS is asked for the region of any bucket, and the region of services that have none. */
export const DEFAULT_REGION = 'us-east-1'

/**
 * The region of a bucket, asked of AWS. HeadBucket rather than GetBucketLocation: the header comes with refusals (403)
 * and redirects (301) too, so that no right is needed for it.
 *
 * @param client a client for {@link DEFAULT_REGION}
 * @throws WherryError as every request does; ERR_STORAGE_NO_BUCKET when there is no such bucket
 */
export async function detectRegion(client: S3Client, bucket: string, service: string): Promise<string> {
  const request: S3Request = { verb: 'HEAD', bucket, key: '', service }
  try {
    const { BucketRegion } = await client.send(new HeadBucketCommand({ Bucket: bucket }))
    return BucketRegion ?? DEFAULT_REGION
  } catch (error) {
    const region = regionInAnswer(error)
    if (region !== undefined) return region
    if (statusOf(error) === 404) throw answerError({ status: 404, name: 'NoSuchBucket' }, request, error)
    throw s3Error(error, request)
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
}

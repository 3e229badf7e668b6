import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { programPath } from './go-program.ts'
import { type RunningS3, s3Client, versitygw } from './s3.ts'

const run = promisify(execFile)

/** A user of a running versitygw who has the rights of {@link allowUser}. */
export async function addLimitedUser(
  s3: RunningS3,
  name: string,
  actions: readonly string[],
): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const secret = `${name}-secret`
  const admin = ['admin', '--access', s3.accessKeyId, '--secret', s3.secretAccessKey, '--endpoint-url', s3.endpoint]
  const user = ['create-user', '--access', name, '--secret', secret, '--role', 'user']
  await run(programPath(versitygw.program), [...admin, ...user])
  await allowUser(s3, name, actions)
  return { accessKeyId: name, secretAccessKey: secret }
}

/**
 * Lets the user do `actions` (`s3:GetObject`, …) in the bucket, and no more. Replaces the bucket's policy, so that only
 * the last such user has any rights.
 */
export async function allowUser(s3: RunningS3, name: string, actions: readonly string[]): Promise<void> {
  const Resource = [`arn:aws:s3:::${s3.bucket}`, `arn:aws:s3:::${s3.bucket}/*`]
  const of = (kind: string) => actions.filter((action) => /Bucket/.test(action) === (kind === 'bucket'))
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: [name] }, Action: of('bucket'), Resource: Resource[0] },
    { Effect: 'Allow', Principal: { AWS: [name] }, Action: of('object'), Resource: Resource[1] },
  ].filter(({ Action }) => Action.length > 0)
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  const client = s3Client(s3)
  await client.send(new PutBucketPolicyCommand({ Bucket: s3.bucket, Policy }))
  client.destroy()
}

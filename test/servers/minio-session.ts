import { createHash, createHmac } from 'node:crypto'
import type { SessionCredentials } from './aws-credentials.ts'
import type { RunningS3 } from './s3.ts'

/** What credentials may do; as in a policy of AWS. */
export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly {
    readonly Effect: 'Allow' | 'Deny'
    readonly Action: readonly string[]
    readonly Resource: readonly string[]
  }[]
}

/** MinIO's shortest. */
const SECONDS = 900

/**
 * Temporary credentials of a running MinIO that may do no more than `policy` says (without: all), by the AssumeRole of
 * its token service, which is at the same endpoint.
 */
export async function minioSession(s3: RunningS3, policy?: Policy): Promise<SessionCredentials> {
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    DurationSeconds: String(SECONDS),
    ...(policy === undefined ? {} : { Policy: JSON.stringify(policy) }),
  }).toString()
  const answer = await fetch(s3.endpoint, { method: 'POST', body, headers: signed(s3, body) })
  const xml = await answer.text()
  const field = (name: string): string => {
    const [, value] = new RegExp(`<${name}>([^<]+)<`).exec(xml) ?? []
    if (value === undefined) throw new Error(`MinIO answered AssumeRole with ${answer.status}: ${xml}`)
    return value
  }
  return {
    accessKeyId: field('AccessKeyId'),
    secretAccessKey: field('SecretAccessKey'),
    sessionToken: field('SessionToken'),
    expiration: new Date(field('Expiration')),
  }
}

/** The headers of AWS Signature Version 4 for a POST to the token service. */
function signed({ endpoint, region, accessKeyId, secretAccessKey }: RunningS3, body: string): Record<string, string> {
  const type = 'application/x-www-form-urlencoded'
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/sts/aws4_request`
  const names = 'content-type;host;x-amz-date'
  const head = `content-type:${type}\nhost:${new URL(endpoint).host}\nx-amz-date:${time}\n`
  const request = `POST\n/\n\n${head}\n${names}\n${sha256(body)}`
  const key = [day, region, 'sts', 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`))
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`).toString('hex')
  const credential = `Credential=${accessKeyId}/${scope}`
  return {
    'content-type': type,
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

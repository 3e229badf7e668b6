import { s3Servers, withS3 } from '../servers/s3.ts'
import { s3Keys, s3Replica } from '../support/s3-replica.ts'
import { interopSuite } from './suite.ts'

const PATH = 'apps/one'

for (const server of s3Servers) {
  interopSuite(`S3 on ${server.name}`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return undefined
    const { bucket, accessKeyId, secretAccessKey } = s3
    return {
      replica: s3Replica(s3, PATH),
      url: `s3://${bucket}.localhost:${new URL(s3.endpoint).port}/${PATH}`,
      env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      names: () => s3Keys(s3, `${PATH}/`),
    }
  })
}

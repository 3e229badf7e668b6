/** The AWS default chain in the program as it is shipped: every source is in the bundle, and its credentials open MinIO. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { noCredentials, startCredentialService } from '../../../servers/aws-credentials.ts'
import { minioSession } from '../../../servers/minio-session.ts'
import { minio, withS3 } from '../../../servers/s3.ts'
import { sandbox } from '../../../support/sandbox.ts'
import { wherry } from '../../../support/tool.ts'
import { chunks } from '../contract-tools.ts'
import { s3Options } from './stage.ts'

const A = '00000000000000aa'

test('wherry snapshots lists with credentials of each source, and says so when there are none', async (t) => {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return
  const box = sandbox(t)
  const storage = new S3Storage(s3Options(s3, { path: 'app' }))
  await storage.writeSnapshot(A, 0, chunks([Buffer.from('x')]))
  await storage.close()

  const session = await minioSession(s3)
  const service = await startCredentialService(t, () => session)
  const token = box.path('token')
  writeFileSync(token, 'web-proof')
  const shared = box.path('credentials')
  const profile = [
    `aws_access_key_id=${session.accessKeyId}`,
    `aws_secret_access_key=${session.secretAccessKey}`,
    `aws_session_token=${session.sessionToken}`,
  ]
  writeFileSync(shared, ['[other]', ...profile, ''].join('\n'))
  const giver = box.path('giver.json')
  const given = { Version: 1, AccessKeyId: session.accessKeyId, SecretAccessKey: session.secretAccessKey }
  writeFileSync(giver, JSON.stringify({ ...given, SessionToken: session.sessionToken }))
  const withProcess = box.path('config')
  writeFileSync(withProcess, `[default]\ncredential_process = cat ${giver}\n`)
  const root = `aws_access_key_id=${s3.accessKeyId}\naws_secret_access_key=${s3.secretAccessKey}`
  const withRole = box.path('role')
  const role = 'role_arn = arn:aws:iam::123456789012:role/any\nsource_profile = root'
  writeFileSync(withRole, `[default]\n${role}\n[profile root]\n${root}\n`)

  const sources = {
    environment: {
      ...noCredentials,
      AWS_ACCESS_KEY_ID: session.accessKeyId,
      AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
      AWS_SESSION_TOKEN: session.sessionToken,
    },
    'shared file, by profile': { ...noCredentials, AWS_SHARED_CREDENTIALS_FILE: shared, AWS_PROFILE: 'other' },
    'process in a shared file': { ...noCredentials, AWS_CONFIG_FILE: withProcess },
    // MinIO's own token service.
    'role in a shared file': { ...noCredentials, AWS_CONFIG_FILE: withRole, AWS_ENDPOINT_URL_STS: s3.endpoint },
    'container role': service.container,
    'instance role': service.instance,
    'web identity': service.webIdentity(token),
  }
  const url = `s3://${s3.bucket}.localhost:${new URL(s3.endpoint).port}/app`
  for (const [name, env] of Object.entries(sources)) {
    const done = await box.run([...wherry.command, 'snapshots', url], { env: { ...env, AWS_REGION: 'us-east-1' } })
    assert.equal(done.code, 0, `${name}: ${done.stdout}${done.stderr}`)
    assert.match(done.stdout, new RegExp(A), name)
  }
  assert.deepEqual(
    service.lookups.map(({ place }) => place),
    ['container', 'instance', 'token service'],
  )

  const none = await box.run([...wherry.command, 'snapshots', url], { env: noCredentials })
  assert.match(
    none.stderr,
    /No credentials were found for LIST of s3:.*: set access-key-id and secret-access-key, or give/,
  )
})

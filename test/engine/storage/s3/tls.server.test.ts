/** A service whose certificate nobody vouches for, seen from outside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { noCredentials } from '../../../servers/aws-credentials.ts'
import { minio, withS3 } from '../../../servers/s3.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { sandbox } from '../../../support/sandbox.ts'
import { wherry } from '../../../support/tool.ts'
import { chunks } from '../contract-tools.ts'
import { s3Options } from './stage.ts'

const A = '00000000000000aa'

test('is refused with advice, trusted by its certificate, and taken as it is with skip-verify', async (t) => {
  const box = sandbox(t)
  const tls = selfSigned(box.dir)
  const s3 = await withS3(t, minio, { tls })
  if (s3 === undefined) return
  const storage = new S3Storage(s3Options(s3, { path: 'app', skipVerify: true }))
  await storage.writeSnapshot(A, 0, chunks([Buffer.from('x')]))
  await storage.close()

  const list = (query: string, env: Readonly<Record<string, string>>) => {
    const keys = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey }
    const url = `s3://${s3.bucket}/app?endpoint=${s3.endpoint}${query}`
    return box.run([...wherry.command, 'snapshots', url], { env: { ...noCredentials, ...keys, ...env } })
  }
  const refused = await list('', {})
  assert.match(
    refused.stderr,
    /\(DEPTH_ZERO_SELF_SIGNED_CERT\): trust its authority with NODE_EXTRA_CA_CERTS=FILE, or set/,
  )
  assert.doesNotMatch(refused.stdout, new RegExp(A))
  for (const done of [await list('', { NODE_EXTRA_CA_CERTS: tls.certPath }), await list('&skipVerify=true', {})]) {
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, new RegExp(A))
  }
})

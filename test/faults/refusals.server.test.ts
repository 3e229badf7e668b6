/**
 * Storage that refuses at the start, of every type: the app is not started, the status says that nothing is known, and the
 * message what to do. The messages stand in docs/faults.md.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { ContainerSASPermissions } from '@azure/storage-blob'
import { runOn } from '../entrypoint/supervisor/scene.ts'
import { azureContainer, withAzure } from '../servers/azure.ts'
import { withGcs } from '../servers/gcs.ts'
import { minioSession } from '../servers/minio-session.ts'
import { minio, withS3 } from '../servers/s3.ts'
import { selfSigned } from '../servers/self-signed.ts'
import { makeKey, withSftp } from '../servers/sftp.ts'
import { startProxy } from '../servers/tcp-proxy.ts'
import { azureReplica } from '../support/azure-replica.ts'
import type { Settings } from '../support/replication.ts'
import { s3Replica } from '../support/s3-replica.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { sftpReplica } from '../support/sftp-replica.ts'
import { assertDocumented } from './documented.ts'
import { httpWay } from './http-way.ts'

const BOOT_UNKNOWN = 76

/** Starts with each of these replicas once. */
async function assertRefused(box: Sandbox, type: string, faults: Readonly<Record<string, Settings>>): Promise<void> {
  for (const [fault, replica] of Object.entries(faults)) {
    const { code, stderr, appRan } = await runOn(box, box.path('app.db'), replica)
    const why = /could not be found out: (.*)\. The app was not started/.exec(stderr)?.[1] ?? stderr
    assertDocumented(type, fault, why.replaceAll('\\"', '"'))
    assert.deepEqual({ code, appRan }, { code: BOOT_UNKNOWN, appRan: false }, stderr)
    for (const secret of secretsIn(replica)) assert.ok(!stderr.includes(secret), `${fault}: a secret is in the log`)
  }
}

function secretsIn(replica: Settings): string[] {
  const keys = ['secret-access-key', 'session-token', 'account-key', 'sas-token', 'password']
  return keys.flatMap((key) => (typeof replica[key] === 'string' && replica[key] !== '' ? [replica[key]] : []))
}

describe('storage that refuses at the start', () => {
  test('s3', async (t) => {
    const s3 = await withS3(t, minio)
    if (s3 === undefined) return
    const box = sandbox(t)
    const replica = s3Replica(s3, 'app')
    const allow = { Effect: 'Allow', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${s3.bucket}/*`] } as const
    const writer = await minioSession(s3, { Version: '2012-10-17', Statement: [allow] })
    await assertRefused(box, 's3', {
      'wrong secret key': { ...replica, 'secret-access-key': 'a-wrong-secret' },
      'unknown key': { ...replica, 'access-key-id': 'nobody' },
      'session token that is not valid': { ...replica, 'session-token': 'a-token-of-yesterday' },
      'no bucket': { ...replica, bucket: 'no-such-bucket' },
      'no right to list': {
        ...replica,
        'access-key-id': writer.accessKeyId,
        'secret-access-key': writer.secretAccessKey,
        'session-token': writer.sessionToken,
      },
      'certificate that nobody vouches for': { ...replica, endpoint: await overTls(t, box, portOf(s3.endpoint)) },
      'no TLS behind https': { ...replica, endpoint: s3.endpoint.replace('http:', 'https:') },
      'host that does not exist': { ...replica, endpoint: 'http://storage.invalid' },
    })
  })

  test('abs', async (t) => {
    const azure = await withAzure(t)
    if (azure === undefined) return
    const box = sandbox(t)
    const replica = azureReplica(azure, 'app')
    const { 'account-key': _, ...keyless } = replica
    const sas = async (permissions: string, minutes: number): Promise<Settings> => {
      const expiresOn = new Date(Date.now() + minutes * 60_000)
      const url = await azureContainer(azure).generateSasUrl({
        permissions: ContainerSASPermissions.parse(permissions),
        expiresOn,
      })
      return { ...keyless, 'sas-token': new URL(url).search.slice(1) }
    }
    await assertRefused(box, 'abs', {
      'wrong account key': { ...replica, 'account-key': Buffer.from('a wrong key').toString('base64') },
      'no container': { ...replica, bucket: 'no-such-container' },
      'SAS token that expired': await sas('rcwdl', -5),
      'SAS token without the right to list': await sas('rcw', 60),
      'certificate that nobody vouches for': {
        ...replica,
        endpoint: `${await overTls(t, box, portOf(azure.endpoint))}/${azure.accountName}`,
      },
    })
  })

  test('gcs', async (t) => {
    const gcs = await withGcs(t)
    if (gcs === undefined) return
    const box = sandbox(t)
    const way = await httpWay(t, portOf(gcs.endpoint))
    const replica = { type: 'gcs', bucket: gcs.bucket, path: 'app', endpoint: `http://127.0.0.1:${way.port}` }
    await assertRefused(box, 'gcs', {
      'no bucket': { ...replica, bucket: 'no-such-bucket' },
      'certificate that nobody vouches for': { ...replica, endpoint: await overTls(t, box, portOf(gcs.endpoint)) },
    })
    way.answer(403)
    await assertRefused(box, 'gcs', { 'no right to list': replica })
    way.answer(401)
    await assertRefused(box, 'gcs', { 'credentials that are not valid': replica })
  })

  test('sftp', async (t) => {
    const sftp = await withSftp(t)
    if (sftp === undefined) return
    const box = sandbox(t)
    const replica = sftpReplica(sftp, 'app')
    const { password: _, ...keyOnly } = replica
    await assertRefused(box, 'sftp', {
      'wrong password': { ...replica, password: 'a-wrong-password' },
      'key that is not let in': { ...keyOnly, 'key-path': await makeKey(box.dir, 'other') },
      'another host key': {
        ...replica,
        'host-key': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAnotherkeyanotherkeyanotherkeyanotherkey123',
      },
      'no right to read': { ...replica, path: '/root/app' },
    })
  })
})

/** A TLS server with a certificate of its own in front of `port`. */
async function overTls(t: TestContext, box: Sandbox, port: number): Promise<string> {
  const { keyPath, certPath } = selfSigned(box.dir)
  const proxy = await startProxy(port, { tls: { key: readFileSync(keyPath), cert: readFileSync(certPath) } })
  t.after(() => proxy.close())
  return `https://127.0.0.1:${proxy.port}`
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port)
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { keys } from '../../../../engine/format/names.ts'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { MINIO_KMS_KEY, minio, s3Client, withS3 } from '../../../servers/s3.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { chunks, fails } from '../contract-tools.ts'
import { s3Options } from './stage.ts'

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const small = randomBytes(100)
const large = randomBytes(9 << 20)

/** Writes an object in one request and one in parts, and reads both. */
async function writeAndRead(t: TestContext, options: S3StorageOptions): Promise<void> {
  const storage = new S3Storage(options)
  t.after(() => storage.close())
  await storage.writeSegment(FIRST, small)
  await storage.writeSnapshot(A, 0, chunks([large]))
  const read = async (stream: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(stream))
  assert.ok((await read(await storage.openSegment(FIRST))).equals(small))
  assert.ok((await read(await storage.openSnapshot(A, 0))).equals(large))
}

test('MinIO encrypts with a key of its own, and of its key management', async (t) => {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return
  const client = s3Client(s3)
  t.after(() => client.destroy())
  const encryptions = [
    [{ kind: 'AES256' }, undefined],
    [{ kind: 'aws:kms', keyId: MINIO_KMS_KEY }, MINIO_KMS_KEY],
  ] as const
  for (const [encryption, keyId] of encryptions) {
    await writeAndRead(t, s3Options(s3, { path: encryption.kind, encryption }))
    for (const key of [keys.segment(FIRST), keys.snapshot(A, 0)]) {
      const Key = `${encryption.kind}/${key}`
      const head: HeadObjectCommandOutput = await client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key }))
      assert.equal(head.ServerSideEncryption, encryption.kind)
      assert.ok(keyId === undefined || head.SSEKMSKeyId?.endsWith(keyId), head.SSEKMSKeyId)
    }
  }
})

test('MinIO encrypts with a key of ours over https, and gives nothing to another key or to none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wherry-tls-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const s3 = await withS3(t, minio, { tls: selfSigned(dir) })
  if (s3 === undefined) return
  const withKey = (keyBase64: string) =>
    s3Options(s3, { skipVerify: true, encryption: { kind: 'customer', keyBase64 } })
  await writeAndRead(t, withKey(randomBytes(32).toString('base64')))
  for (const options of [withKey(randomBytes(32).toString('base64')), s3Options(s3, { skipVerify: true })]) {
    const stranger = new S3Storage(options)
    t.after(() => stranger.close())
    assert.equal((await stranger.segments(A)).length, 1)
    await fails(
      stranger.openSegment(FIRST),
      'ERR_STORAGE_DENIED',
      /S3 refused GET of s3:.*wal\.lz4 \(40\d \w+\): check/,
    )
  }
})

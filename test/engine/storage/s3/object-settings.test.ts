import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { S3StorageOptions } from '../../../../engine/storage/options.ts'
import { S3Storage } from '../../../../engine/storage/s3/storage.ts'
import { selfSigned } from '../../../servers/self-signed.ts'
import { chunks } from '../contract-tools.ts'
import { defaults, play, takesUploads } from './fake-service.ts'

/** Class and encryption as they go over the wire. */

const A = '00000000000000aa'
const FIRST = { generation: A, index: 0, offset: 0 }
const X = Buffer.from('x')
const keyBase64 = randomBytes(32).toString('base64')
const customerHeaders = {
  'x-amz-server-side-encryption-customer-algorithm': 'AES256',
  'x-amz-server-side-encryption-customer-key': keyBase64,
  'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(keyBase64, 'base64').digest('base64'),
}

interface Case {
  readonly name: string
  readonly options: Partial<S3StorageOptions>
  /** Of requests that make an object. */
  readonly create: Readonly<Record<string, string>>
  /** Of those that send a part, or read. */
  readonly touch?: Readonly<Record<string, string>>
}

const cases: readonly Case[] = [
  { name: 'nothing', options: {}, create: {} },
  {
    name: 'a storage class',
    options: { storageClass: 'STANDARD_IA' },
    create: { 'x-amz-storage-class': 'STANDARD_IA' },
  },
  {
    name: 'a key of the service',
    options: { encryption: { kind: 'AES256' } },
    create: { 'x-amz-server-side-encryption': 'AES256' },
  },
  {
    name: "the account's key",
    options: { encryption: { kind: 'aws:kms', keyId: undefined } },
    create: { 'x-amz-server-side-encryption': 'aws:kms' },
  },
  {
    name: 'a key of the key management, and a class',
    options: { encryption: { kind: 'aws:kms', keyId: 'alias/app' }, storageClass: 'GLACIER_IR' },
    create: {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/app',
      'x-amz-storage-class': 'GLACIER_IR',
    },
  },
  {
    name: 'a key of ours',
    options: { encryption: { kind: 'customer', keyBase64 } },
    create: customerHeaders,
    touch: customerHeaders,
  },
]

/** The settings among the headers of a request. */
function settingsIn(headers: object): object {
  const isSetting = ([name]: [string, unknown]) => /^x-amz-(server-side|storage-class)/.test(name)
  return Object.fromEntries(Object.entries(headers).filter(isSetting))
}

const dir = mkdtempSync(join(tmpdir(), 'wherry-tls-'))
const { keyPath, certPath } = selfSigned(dir)
const tls = { key: readFileSync(keyPath), cert: readFileSync(certPath) }
rmSync(dir, { recursive: true })

describe('Requests about an object carry', () => {
  for (const { name, options, create, touch = {} } of cases) {
    test(name, async (t) => {
      const { seen, open } = await play(t, takesUploads, tls)
      const storage = open({ skipVerify: true, ...options })
      await storage.writeSegment(FIRST, X)
      await storage.writeSnapshot(A, 0, chunks([Buffer.alloc(9 << 20)]))
      for await (const _ of await storage.openSnapshot(A, 0)) assert.fail('There is no body')
      const sent = seen.map(({ method, query, headers }) => {
        const kind = query.has('uploads') ? 'begin' : query.has('partNumber') ? 'part' : method
        return [kind, settingsIn(headers)]
      })
      assert.deepEqual(sent, [
        ['PUT', create],
        ['begin', create],
        ['part', touch],
        ['part', touch],
        ['POST', touch],
        ['GET', touch],
      ])
    })
  }
})

describe('What cannot be right is ERR_CONFIG:', () => {
  const refused: [string, Partial<S3StorageOptions>, RegExp][] = [
    [
      'a class whose objects cannot be read',
      { storageClass: 'GLACIER' },
      /GLACIER; its objects cannot be read at once/,
    ],
    ['the other one', { storageClass: 'DEEP_ARCHIVE' }, /DEEP_ARCHIVE; its objects cannot be read at once/],
    ['a short key', { encryption: { kind: 'customer', keyBase64: X.toString('base64') } }, /give 32 bytes in base64/],
    [
      'a key that is not base64',
      { encryption: { kind: 'customer', keyBase64: '*'.repeat(44) } },
      /give 32 bytes in base64/,
    ],
    [
      'a key over http',
      { endpoint: 'http://127.0.0.1:9', encryption: { kind: 'customer', keyBase64 } },
      /is http:\/\/127\.0\.0\.1:9: a customer key is only sent over https$/,
    ],
  ]
  for (const [name, options, message] of refused) {
    test(name, () => {
      const open = () => new S3Storage({ ...defaults, ...options })
      assert.throws(open, { code: 'ERR_CONFIG', message })
      assert.throws(open, (error: Error) => !error.message.includes(keyBase64) && !error.message.includes('***'))
    })
  }
})

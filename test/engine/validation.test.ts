/** Validation as the engine is told to do it: by the options of a replica, on whatever storage. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { Engine } from '../../engine/engine.ts'
import { databaseDefaults, replicaDefaults } from '../../engine/options.ts'
import { startApp } from '../support/app-process.ts'
import type { LogLine } from '../support/log-lines.ts'
import { readReplica } from '../support/replica-files.ts'
import { sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'
import { newKeys } from './storage/age/keys.ts'

test('An encrypted replica is validated; damage to what is encrypted is a mismatch; what is read is counted', async (t) => {
  const box = sandbox(t)
  const path = box.path('app.db')
  const replicaPath = box.path('replica')
  const app = await startApp(t, path)
  await app.exec('CREATE TABLE blobs (bytes BLOB)')
  const lines: LogLine[] = []
  const engine = new Engine((level, message, fields) => lines.push({ level, message, fields }))
  const replica = {
    ...replicaDefaults,
    name: 'secret',
    storage: { type: 'file', path: replicaPath },
    age: (await newKeys()).age,
    validationIntervalMs: 200,
  } as const
  await engine.start([{ path, metaPath: `${path}-meta`, ...databaseDefaults, replicas: [replica] }])
  const outcome = async (status: string): Promise<LogLine> =>
    await waitUntil(status, () =>
      lines.find(({ message, fields }) => message === 'validator' && fields.status === status),
    )
  await app.repeat(10, 'INSERT INTO blobs VALUES (randomblob(1000))')
  await engine.whenSynced(AbortSignal.timeout(15_000))
  await outcome('ok')
  const [operations] = engine.status.flatMap(({ replicas }) => replicas.map(({ figures }) => figures.operations))
  assert.ok(operations !== undefined && operations.GET.count >= 4 && operations.GET.bytes > 10_000)

  const object = readReplica(replicaPath)[0]?.segments[0]?.path ?? ''
  const bytes = readFileSync(object)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100)
  writeFileSync(object, bytes)
  const { fields } = await outcome('mismatch')
  assert.match(String(fields.error), /^generations\/\S+\.wal\.lz4 /)
  assert.deepEqual([fields.db, fields.replica], [path, 'secret'])
  await engine.close(AbortSignal.timeout(15_000))
})

/** Credentials that may add objects, and delete none: what a machine that is taken over cannot destroy. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { ContainerSASPermissions } from '@azure/storage-blob'
import Database from 'better-sqlite3'
import { azureContainer, type RunningAzure, withAzure } from '../../servers/azure.ts'
import { minioSession, type Policy } from '../../servers/minio-session.ts'
import { minio, type RunningS3, versitygw, withS3 } from '../../servers/s3.ts'
import { addLimitedUser, allowUser } from '../../servers/versitygw-user.ts'
import { assertSameDatabase } from '../../support/compare.ts'
import type { Program } from '../../support/program.ts'
import { restore, type Settings, startReplicate, stopCleanly, writeConfig } from '../../support/replication.ts'
import { s3Keys, s3Replica } from '../../support/s3-replica.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'
import { runWith } from './scene.ts'

/** The policies of docs/replicas/s3.md: for everything, for all but deletion, and for restores. */
const [everything = noPolicy(), appendOnly = noPolicy(), restoreOnly = noPolicy()] = readFileSync(
  new URL('../../../docs/replicas/s3.md', import.meta.url),
  'utf8',
)
  .matchAll(/```json\n([^`]+)```/g)
  .map(([, text = '']): Policy => JSON.parse(text))

function noPolicy(): never {
  throw new Error('docs/replicas/s3.md has three policies no more')
}

const actionsOf = ({ Statement }: Policy): string[] => Statement.flatMap(({ Action }) => Action)

/** The policy without its right to list. */
function withoutList({ Version, Statement }: Policy): Policy {
  return { Version, Statement: Statement.filter(({ Action }) => !Action.includes('s3:ListBucket')) }
}

/** What is kept is two seconds', so that there is always something to delete. */
const eager = { retention: '2s', 'retention-check-interval': '500ms', 'sync-interval': '50ms' }

interface Writer {
  readonly replica: Settings
  readonly env: Readonly<Record<string, string>>
  /** All that the replica holds. */
  readonly keys: () => Promise<string[]>
  /** What it may not do, in the words of its service. */
  readonly missing: string
}

/** A replica of MinIO with temporary credentials, which the program finds in its environment. */
async function minioWriter(s3: RunningS3, policy: Policy): Promise<Writer> {
  const here = JSON.parse(JSON.stringify(policy).replaceAll('BUCKET', s3.bucket))
  const { accessKeyId, secretAccessKey, sessionToken } = await minioSession(s3, here)
  const { 'access-key-id': _id, 'secret-access-key': _secret, ...replica } = s3Replica(s3, 'app')
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  }
  return { replica, env, keys: () => s3Keys(s3, 'app/'), missing: 's3:DeleteObject' }
}

async function versitygwWriter(s3: RunningS3, policy: Policy): Promise<Writer> {
  const { accessKeyId, secretAccessKey } = await addLimitedUser(s3, 'writer', actionsOf(policy))
  const pair = { 'access-key-id': accessKeyId, 'secret-access-key': secretAccessKey }
  const replica = { ...s3Replica(s3, 'app'), ...pair }
  return { replica, env: {}, keys: () => s3Keys(s3, 'app/'), missing: 's3:DeleteObject' }
}

/** A replica of Azurite with a signature that permits no deletion. */
async function azureWriter(azure: RunningAzure): Promise<Writer> {
  const container = azureContainer(azure)
  const permissions = ContainerSASPermissions.parse('rcwl')
  const url = await container.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 3_600_000) })
  const replica = {
    type: 'abs',
    endpoint: azure.endpoint,
    bucket: azure.container,
    path: 'app',
    'account-name': azure.accountName,
    'sas-token': new URL(url).search.slice(1),
  }
  const keys = async () => (await Array.fromAsync(container.listBlobsFlat({ prefix: 'app/' }))).map(({ name }) => name)
  return { replica, env: {}, keys, missing: 'd (delete)' }
}

const count = (engine: Program, pattern: RegExp): number => engine.output.match(pattern)?.length ?? 0

/** Replicates a database that is written to until retention was refused, and three snapshots more. */
async function replicateRefused(t: TestContext, box: Sandbox, db: string, { replica, env, keys, missing }: Writer) {
  const app = new Database(db)
  t.after(() => app.close())
  app.exec('PRAGMA journal_mode=WAL; CREATE TABLE t (x)')
  const commit = () => app.exec('INSERT INTO t VALUES (randomblob(500))')
  const engine = await startReplicate(box, wherry, [{ db, replica: { ...replica, ...eager } }], env)
  const whileWriting = (what: string, look: () => boolean) =>
    waitUntil(what, () => commit() && look(), { timeoutMs: 40_000, everyMs: 100, explain: () => engine.tail() })
  await whileWriting('A refused deletion', () => count(engine, /retention cannot delete/g) > 0)
  const before = count(engine, /snapshot written/g)
  await whileWriting('Snapshots after it', () => count(engine, /snapshot written/g) >= before + 3)
  const stored = (await keys()).filter((key) => key.endsWith('.snapshot.lz4'))
  assert.equal(stored.length, count(engine, /snapshot written/g))
  const [line] = /level=WARN msg="retention cannot delete, .*/.exec(engine.output) ?? []
  assert.ok(line?.includes(`replica=${replica.type} `) && line.includes(missing), line)
  return { engine, whileWriting }
}

async function assertRestored(box: Sandbox, db: string, { replica, env }: Writer): Promise<void> {
  const config = writeConfig(box, [{ db, replica }])
  assertSameDatabase(await restore(box, wherry, { from: db, config, output: box.path('restored.db'), env }), db)
}

test('MinIO: with a session that may not delete, replication and snapshots go on, it is said once, and restored', async (t) => {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await minioWriter(s3, appendOnly)
  const { engine } = await replicateRefused(t, box, db, writer)
  await stopCleanly(engine, wherry)
  assert.equal(count(engine, /retention cannot/g), 1, engine.tail())
  assert.equal(count(engine, /level=ERROR/g), 0, engine.tail())
  await assertRestored(box, db, await minioWriter(s3, restoreOnly))
})

test('MinIO: with a session for everything old snapshots go', async (t) => {
  const s3 = await withS3(t, minio)
  if (s3 === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const { replica, env } = await minioWriter(s3, everything)
  const app = new Database(db)
  t.after(() => app.close())
  app.exec('PRAGMA journal_mode=WAL; CREATE TABLE t (x)')
  const engine = await startReplicate(box, wherry, [{ db, replica: { ...replica, ...eager } }], env)
  const look = () => app.exec('INSERT INTO t VALUES (1)') && count(engine, /wal segmented deleted before/g) > 0
  await waitUntil('Deletions', look, { timeoutMs: 40_000, everyMs: 100, explain: () => engine.tail() })
  await stopCleanly(engine, wherry)
  assert.equal(count(engine, /level=(ERROR|WARN)/g), 0, engine.tail())
})

test('versitygw: with a user who may not delete the same; the right that comes later is used without a restart', async (t) => {
  const s3 = await withS3(t, versitygw)
  if (s3 === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await versitygwWriter(s3, appendOnly)
  const { engine, whileWriting } = await replicateRefused(t, box, db, writer)
  await allowUser(s3, 'writer', actionsOf(everything))
  await whileWriting('Deletions', () => count(engine, /retention can delete again/g) > 0)
  await stopCleanly(engine, wherry)
  assert.equal(count(engine, /retention cannot/g), 1, engine.tail())
  assert.equal(count(engine, /retention can delete again/g), 1, engine.tail())
  assert.ok(count(engine, /snapshot deleted/g) > 0, engine.tail())
  await assertRestored(box, db, writer)
})

test('Azure: with a signature that permits no deletion the same as with MinIO', async (t) => {
  const azure = await withAzure(t)
  if (azure === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await azureWriter(azure)
  const { engine } = await replicateRefused(t, box, db, writer)
  await stopCleanly(engine, wherry)
  assert.equal(count(engine, /retention cannot/g), 1, engine.tail())
  assert.equal(count(engine, /level=ERROR/g), 0, engine.tail())
  await assertRestored(box, db, writer)
})

for (const [server, writerOf] of [
  [minio, minioWriter],
  [versitygw, versitygwWriter],
] as const) {
  test(`${server.name}: without the right to list, a start ends with 76 and says which request was refused`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    const db = box.path('app.db')
    new Database(db).exec('CREATE TABLE t (x)').close()
    const { replica, env } = await writerOf(s3, withoutList(appendOnly))
    const { code, stderr, appRan } = await runWith(box, ['-config', writeConfig(box, [{ db, replica }])], env)
    assert.match(
      stderr,
      /S3 refused LIST of s3:\/\/wherry-test\/app\/generations\/ \(403 AccessDenied\): check the access key and its policy/,
    )
    assert.equal(code, 76, stderr)
    assert.equal(appRan, false)
  })
}

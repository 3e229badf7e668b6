import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Engine } from '../../../engine/engine.ts'
import { examineDatabase } from '../../../engine/lineage/examine.ts'
import { EngineThread } from '../../../engine/worker/engine-thread.ts'
import { assertSameDatabase } from '../../support/compare.ts'
import { silentS3 } from '../../support/silent-s3.ts'
import { Volume } from './volume.ts'

const patience = (): AbortSignal => AbortSignal.timeout(20_000)

test('Every replica is told of by itself: one that holds, one that is empty, one that refuses, one that does not answer', async (t) => {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  const [holds] = volume.storages
  assert.ok(holds)
  writeFileSync(volume.box.path('a-file'), '')
  volume.storages = [
    await silentS3(t),
    holds,
    { type: 'file', path: volume.box.path('replicas', 'empty') },
    { type: 'file', path: volume.box.path('a-file', 'replica') },
  ]
  const soon = AbortSignal.timeout(3000)
  const { local, replicas } = await examineDatabase(volume.options(), soon)
  assert.deepEqual(local, { kind: 'present' })
  const [silent, full, empty, refused] = replicas
  assert.ok(silent?.kind === 'unknown' && silent.code === 'ERR_CANCELLED')
  assert.ok(full?.kind === 'holds' && full.relation === 'same' && full.updatedAt instanceof Date)
  assert.deepEqual(empty, { name: 'r2', kind: 'empty' })
  assert.ok(refused?.kind === 'unknown' && refused.code === 'ERR_STORAGE_LOCAL' && refused.message.includes('a-file'))
})

test('An examination crosses from the thread, and changes neither database nor metadata nor replica', async (t) => {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  const state = (folder: string): unknown[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.endsWith('-shm') && statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name)).toString('base64')])
  const before = state(volume.box.dir)
  const thread = new EngineThread(() => {})
  t.after(() => thread.end())
  const { local, replicas } = await thread.examine(volume.options(), patience())
  assert.equal(local.kind, 'present')
  assert.ok(replicas[0]?.kind === 'holds' && replicas[0].relation === 'same' && replicas[0].updatedAt instanceof Date)
  assert.deepEqual(state(volume.box.dir), before)
  await thread.acceptLocal(volume.options(), patience())
  assert.equal((await thread.examine(volume.options(), patience())).replicas[0]?.kind, 'holds')
})

/** How many objects of the only replica were read since the engine's start. */
function downloads(engine: Engine): number {
  const figures = engine.status[0]?.replicas[0]?.figures.operations
  assert.ok(figures)
  assert.ok(figures.LIST.count > 0)
  return figures.GET.count
}

async function assertRestorable(volume: Volume): Promise<void> {
  const outputPath = volume.box.path('restored.db')
  await volume.restore({ outputPath, metaPath: volume.box.path('restored-meta') })
  assertSameDatabase(outputPath, volume.path)
}

for (const isAlone of [true, false]) {
  const title = isAlone
    ? 'After an examination the last segment is not read again'
    : 'Another one is read, when another engine has sent more meanwhile'
  test(title, async (t) => {
    const volume = new Volume(t)
    volume.write()
    await volume.run()
    const engine = volume.newEngine()
    await engine.examine(volume.options(), patience())
    if (!isAlone) await volume.run()
    await volume.start({}, engine)
    await volume.synced()
    assert.equal(downloads(engine), isAlone ? 0 : 1)
    volume.write(5)
    await volume.stop()
    await assertRestorable(volume)
  })
}

test('A last segment that is damaged leaves open what a replica is, unless something else decides', async (t) => {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  const stale = volume.copy(t)
  await volume.run()
  const last = volume.stored().at(-1)?.split(' ')[0] ?? ''
  assert.match(last, /\.wal\.lz4$/)
  writeFileSync(last, 'damaged')
  const [finding] = (await volume.examine()).replicas
  assert.ok(finding?.kind === 'unknown' && finding.code === 'ERR_REPLICA_DAMAGED', JSON.stringify(finding))
  assert.ok(finding.message.includes(volume.path))
  assert.deepEqual(await stale.relations(), ['behind'], 'It begins where this one ends')
  // An engine mends it: nothing that could be restored is passed over.
  await volume.run()
  assert.deepEqual(await volume.relations(), ['same'])
})

test('A meta folder that cannot be read is an error, not an answer', async (t) => {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  rmSync(join(volume.metaPath, 'position'))
  mkdirSync(join(volume.metaPath, 'position'))
  await assert.rejects(volume.examine(), { code: 'ERR_DATABASE_ACCESS' })
})

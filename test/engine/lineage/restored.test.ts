import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { hasCode } from '../../../engine/errors.ts'
import type { RestoreRequest } from '../../../engine/restore/restore.ts'
import { FileStorage } from '../../../engine/storage/file/storage.ts'
import { startApp } from '../../support/app-process.ts'
import { readReplica } from '../../support/replica-files.ts'
import { writeConfig } from '../../support/replication.ts'
import { wherry } from '../../support/tool.ts'
import { Volume } from './volume.ts'

async function filled(t: TestContext, replicas = 1): Promise<Volume> {
  const volume = new Volume(t, { replicas })
  volume.write()
  await volume.run(5, { minCheckpointPageCount: 3 })
  await volume.run(5)
  return volume
}

function lastSegment(volume: Volume, number = 0): string {
  const storage = volume.storages[number]
  assert.ok(storage?.type === 'file')
  const segments = readReplica(storage.path).flatMap((generation) => generation.segments)
  return segments.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()).at(-1)?.path ?? ''
}

const losses: Record<string, (volume: Volume) => void> = {
  'the whole volume': (volume) => {
    rmSync(volume.dir, { recursive: true })
    mkdirSync(volume.dir)
  },
  'the database, and its metadata left': (volume) => volume.removeDatabase(),
  'the content of the database': (volume) => {
    volume.removeDatabase()
    writeFileSync(volume.path, '')
  },
}

for (const [what, lose] of Object.entries(losses)) {
  test(`After the loss of ${what} a restored database is the same, before and after its first engine`, async (t) => {
    const volume = await filled(t, 2)
    const rows = volume.rows()
    lose(volume)
    assert.ok(['missing', 'empty'].includes((await volume.examine()).local.kind))
    assert.deepEqual(await volume.relations(), ['holds', 'holds'], 'Nothing to compare with')
    await volume.restore({ replaceEmpty: true })
    assert.equal(volume.rows(), rows)
    assert.deepEqual(await volume.relations(), ['same', 'same'])
    await volume.start()
    await volume.crash()
    assert.deepEqual(await volume.relations(), ['same', 'same'])
    await volume.run()
    assert.deepEqual(await volume.relations(), ['same', 'same'])
  })
}

test('A replica that goes on after a restore is ahead of what was restored', async (t) => {
  const volume = await filled(t)
  const other = new Volume(t, { box: volume.box, name: 'other' })
  other.storages = volume.storages
  await other.restore()
  assert.deepEqual(await other.relations(), ['same'])
  await volume.run(1)
  assert.deepEqual(await other.relations(), ['behind'])
  await other.start()
  await assert.rejects(other.synced(), (error) => hasCode(error, 'ERR_DATABASE_CONFLICT'))
  await other.crash()
  assert.deepEqual(await other.relations(), ['behind'])
})

test('A WAL that ends inside a transaction is contained in what was restored', async (t) => {
  const volume = await filled(t)
  const app = await startApp(t, volume.path)
  await volume.start()
  // More than one read of the WAL: a segment ends where the read does.
  await app.exec('INSERT INTO item (content) SELECT randomblob(9000000) UNION ALL SELECT randomblob(9000000)')
  await volume.synced()
  await volume.stop()
  rmSync(lastSegment(volume))
  rmSync(volume.dir, { recursive: true })
  await volume.restore()
  assert.deepEqual(await volume.relations(), ['same'])
})

/** Runs something later, and says how to restore what was there before. */
const targets: Record<string, (volume: Volume) => Promise<Partial<RestoreRequest>>> = {
  'an index': async (volume) => {
    await volume.start({ minCheckpointPageCount: 3 })
    await volume.checkpoints(2)
    await volume.stop()
    const [generation] = readReplica(volume.box.path('replicas', '0'))
    return { index: generation?.snapshots[0]?.index ?? -1 }
  },
  'a time': async (volume) => {
    const timestamp = new Date()
    await volume.run(1)
    return { timestamp }
  },
  'a generation': async (volume) => {
    const [generation] = readReplica(volume.box.path('replicas', '0'))
    volume.write()
    await volume.run()
    return { generation: generation?.name ?? '' }
  },
}

for (const [how, goOn] of Object.entries(targets)) {
  test(`Who restored an older state, by ${how}, meant it: it is the same, and replaces what came later`, async (t) => {
    const volume = await filled(t, 2)
    const target = await goOn(volume)
    const rows = volume.rows()
    volume.removeDatabase()
    await volume.restore(target)
    assert.ok(volume.rows() < rows)
    assert.deepEqual(await volume.relations(), ['same', 'same'])
    await volume.start()
    await volume.crash()
    assert.deepEqual(await volume.relations(), ['same', 'same'])
    await volume.run(1)
    const older = volume.rows()
    volume.removeDatabase()
    await volume.restore()
    assert.equal(volume.rows(), older)
  })
}

test('A replica that was down during a restore: older data there does not matter, newer data does', async (t) => {
  const volume = await filled(t, 2)
  const [first, second] = volume.storages
  assert.ok(first && second)
  // The second one stays behind, in an older generation; then the volume is lost.
  volume.storages = [first]
  volume.write()
  await volume.run()
  const left = volume.copy(t, 'left')
  volume.removeDatabase()
  volume.storages = [first, second]
  await volume.withoutReplica(1, () => volume.restore())
  assert.deepEqual(await volume.relations(), ['same', 'same'])
  // But what somebody stored there since is newer.
  left.storages = [second]
  left.write()
  await left.run()
  assert.deepEqual(await volume.relations(), ['same', 'superseded'])
})

test('A replica that was left out of a restore is known by the metadata of the database before', async (t) => {
  const volume = await filled(t, 2)
  const [first, second] = volume.storages
  assert.ok(first && second)
  volume.storages = [first]
  volume.write()
  await volume.run()
  for (let loss = 0; loss < 2; loss++) {
    volume.removeDatabase()
    await volume.restore()
  }
  volume.storages = [first, second]
  assert.deepEqual(await volume.relations(), ['same', 'same'])
})

test('A replica that a restore had nothing to do with is no part of it, however old what it holds', async (t) => {
  const sister = new Volume(t, { name: 'sister' })
  sister.write()
  await sister.run()
  const volume = await filled(t)
  volume.removeDatabase()
  await volume.restore()
  volume.storages = sister.storages
  assert.deepEqual(await volume.relations(), ['unproven'])
})

test('A database that is restored elsewhere leaves the lineage alone', async (t) => {
  const volume = await filled(t)
  const lineage = readFileSync(join(volume.metaPath, 'lineage'))
  const outputPath = volume.box.path('elsewhere.db')
  const { replicas } = volume.options()
  await volume.newEngine().restore(replicas, { outputPath }, AbortSignal.timeout(20_000))
  assert.deepEqual(readFileSync(join(volume.metaPath, 'lineage')), lineage)
})

test('A missing database is forgotten by an engine that starts: one made in its place descends from nothing', async (t) => {
  const volume = await filled(t)
  volume.removeDatabase()
  await volume.start()
  volume.write()
  await volume.crash()
  const found = await volume.relations()
  assert.deepEqual(found, ['unproven'])
})

test('A database that the app made anew while no engine ran is not the one that the metadata is about', async (t) => {
  const volume = await filled(t)
  volume.removeDatabase()
  volume.write()
  assert.deepEqual(await volume.relations(), ['unproven'])
  await volume.start()
  await volume.crash()
})

test('A database that is set aside keeps its WAL, and the restored one is the same', async (t) => {
  const volume = await filled(t)
  const stored = volume.rows()
  const app = await startApp(t, volume.path)
  await app.exec('INSERT INTO item (content) VALUES (1), (2), (3)')
  await app.kill()
  assert.ok(statSync(`${volume.path}-wal`).size > 0)
  await volume.restore({ setAside: true })
  assert.equal(volume.rows(), stored)
  assert.deepEqual(await volume.relations(), ['same'])
  const [kept, ...others] = volume.files.filter((name) => /^app\.db\.aside-\d{8}T\d{6}Z$/.test(name))
  assert.deepEqual(others, [])
  const aside = new Volume(t, { box: volume.box })
  Object.assign(aside, { path: join(volume.dir, kept ?? '') })
  assert.equal(aside.rows(), stored + 3)
  await volume.restore({ setAside: true })
  assert.equal(volume.files.filter((name) => /^app\.db\.aside-[^-]+(-\d)?$/.test(name)).length, 2)
})

test('What is no file is not set aside', async (t) => {
  const volume = await filled(t)
  volume.removeDatabase()
  for (const make of [() => mkdirSync(volume.path), () => symlinkSync('/nowhere', volume.path)]) {
    make()
    await assert.rejects(volume.restore({ setAside: true }), (error) => hasCode(error, 'ERR_OUTPUT_EXISTS'))
    rmSync(volume.path, { recursive: true })
  }
})

test('A restore that fails leaves database, WAL and metadata as they were', async (t) => {
  const volume = await filled(t)
  const app = await startApp(t, volume.path)
  await app.exec('INSERT INTO item (content) VALUES (1)')
  await app.kill()
  const state = () =>
    volume.files.map((name) => [
      name,
      statSync(join(volume.dir, name)).isFile() && readFileSync(join(volume.dir, name)).toString('hex'),
    ])
  const meta = () => ['lineage', 'position'].map((name) => readFileSync(join(volume.metaPath, name)).toString().trim())
  const before = { state: state(), meta: meta() }
  const last = lastSegment(volume)
  const bytes = readFileSync(last)
  writeFileSync(last, 'damaged')
  await assert.rejects(volume.restore({ setAside: true }), (error) => hasCode(error, 'ERR_REPLICA_DAMAGED'))
  assert.deepEqual({ state: state(), meta: meta() }, before)
  writeFileSync(last, bytes)
  // The last moment: the new lineage cannot be written, when the database is set aside already.
  mkdirSync(join(volume.metaPath, 'lineage.tmp'))
  await assert.rejects(volume.restore({ setAside: true }), (error) => hasCode(error, 'ERR_DATABASE_ACCESS'))
  rmSync(join(volume.metaPath, 'lineage.tmp'), { recursive: true })
  const { state: files, ...rest } = { state: state(), meta: meta() }
  const withoutIndex = (list: typeof files) => list.filter(([name]) => name !== 'app.db-shm')
  assert.deepEqual({ ...rest, state: withoutIndex(files) }, { ...before, state: withoutIndex(before.state) })
})

test('A file of 0 bytes counts as nothing there, for who asks for that', async (t) => {
  const volume = await filled(t)
  const outputPath = volume.box.path('empty', 'app.db')
  mkdirSync(dirname(outputPath))
  writeFileSync(outputPath, '')
  const restore = (request: Partial<RestoreRequest>): Promise<unknown> =>
    volume.newEngine().restore(volume.options().replicas, { outputPath, ...request }, AbortSignal.timeout(20_000))
  await assert.rejects(restore({}), (error) => hasCode(error, 'ERR_OUTPUT_EXISTS'))
  await restore({ replaceEmpty: true })
  assert.ok(statSync(outputPath).size > 0)
  assert.deepEqual(existsSync(`${outputPath}.aside`), false)
})

test('WAL without any snapshot is damage to who needs it, and nothing new to whose it is', async (t) => {
  const volume = await filled(t)
  const client = new FileStorage({ type: 'file', path: volume.box.path('replicas', '0') })
  for (const generation of await client.generations()) {
    const snapshots = await client.snapshots(generation)
    await client.deleteSnapshots(
      generation,
      snapshots.map(({ index }) => index),
    )
  }
  assert.deepEqual(await volume.relations(), ['same'])
  volume.removeDatabase()
  const [finding] = (await volume.examine()).replicas
  assert.ok(finding?.kind === 'unknown' && finding.code === 'ERR_REPLICA_DAMAGED', JSON.stringify(finding))
})

test('The restore command writes the lineage when it restores to the configured place, and only then', async (t) => {
  const volume = await filled(t)
  const rows = volume.rows()
  const config = writeConfig(volume.box, [{ db: volume.path, replica: { path: volume.box.path('replicas', '0') } }])
  rmSync(volume.dir, { recursive: true })
  const restore = (...args: string[]) => volume.box.run([...wherry.command, 'restore', '-config', config, ...args])
  const elsewhere = await restore('-o', volume.box.path('elsewhere', 'app.db'), volume.path)
  assert.equal(elsewhere.code, 0, elsewhere.stderr)
  assert.equal(existsSync(volume.metaPath), false)
  const inPlace = await restore(volume.path)
  assert.equal(inPlace.code, 0, inPlace.stderr)
  assert.equal(volume.rows(), rows)
  assert.deepEqual(await volume.relations(), ['same'])
})

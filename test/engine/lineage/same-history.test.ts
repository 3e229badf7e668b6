import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { StateFile } from '../../../engine/database/state-file.ts'
import { readReplica } from '../../support/replica-files.ts'
import { silentS3 } from '../../support/silent-s3.ts'
import { waitUntil } from '../../support/wait.ts'
import { Volume } from './volume.ts'

async function assertGoesOn(volume: Volume): Promise<void> {
  assert.deepEqual(
    await volume.relations(),
    volume.storages.map(() => 'same'),
  )
  await volume.run(2)
  assert.deepEqual(volume.linesOf('replica holds a generation of unknown origin, it is passed over'), [])
  assert.deepEqual(
    await volume.relations(),
    volume.storages.map(() => 'same'),
  )
}

function replicaPath(volume: Volume, number = 0): string {
  const storage = volume.storages[number]
  assert.ok(storage?.type === 'file')
  return storage.path
}

async function filled(t: TestContext, replicas = 1): Promise<Volume> {
  const volume = new Volume(t, { replicas })
  volume.write()
  await volume.run()
  return volume
}

const events: Record<string, (volume: Volume) => Promise<void> | void> = {
  nothing: () => {},
  'further commits': (volume) => volume.write(3),
  'a checkpoint': (volume) => volume.sql('PRAGMA wal_checkpoint(TRUNCATE)'),
  'another journal mode': (volume) => volume.sql('PRAGMA journal_mode = delete'),
  'a VACUUM': (volume) => volume.sql('VACUUM'),
  'tables that the app drops, the engine’s too, and then removes the WAL': (volume) => {
    volume.sql('DROP TABLE item; CREATE TABLE item (id INTEGER PRIMARY KEY, content BLOB)')
  },
  'the engine’s row deleted by the app, which then removes the WAL': (volume) =>
    crashedWhile(volume, () => volume.sql('DELETE FROM _litestream_seq')),
  'the engine’s tables dropped by the app, and made again': async (volume) => {
    await volume.start({ minCheckpointPageCount: 5 })
    await volume.checkpoints(3)
    volume.sql('DROP TABLE _litestream_seq; DROP TABLE _litestream_lock')
    await volume.checkpoints(1)
    volume.write(5)
    await volume.synced()
    await volume.crash()
    volume.sql('PRAGMA wal_checkpoint(TRUNCATE)')
  },
  'further indexes, and the WAL removed by the app': async (volume) => {
    await volume.start({ minCheckpointPageCount: 5 })
    await volume.checkpoints(3)
    await volume.stop()
    volume.write()
    assert.equal(existsSync(`${volume.path}-wal`), false)
  },
  'a WAL with nothing of the app’s that was lost': async (volume) => {
    volume.write()
    await volume.start()
    await volume.stop()
    rmSync(`${volume.path}-wal`)
  },
  'a state of an older engine, which kept no sequence, and no WAL': async (volume) => {
    const state = new StateFile(volume.metaPath)
    const saved = state.load()
    assert.ok(saved)
    state.save({ ...saved, sequence: undefined })
    state.close()
    volume.write()
  },
  'many checkpoints': async (volume) => {
    await volume.start({ minCheckpointPageCount: 5 })
    await volume.checkpoints(5)
    await volume.stop()
  },
  'ten new generations': async (volume) => {
    for (let round = 0; round < 10; round++) {
      volume.write()
      await volume.run(1)
    }
  },
  'a generation that began while the storage was gone': async (volume) => {
    await volume.withoutReplicas(async () => {
      for (let round = 0; round < 3; round++) {
        volume.write()
        await volume.start()
        volume.write(5)
        await volume.crash()
      }
    })
  },
  'an engine that was asked to close before it met the replica': async (volume) => {
    await volume.start()
    await volume.crash()
  },
  'a snapshot that did not come to its end': async (volume) => {
    volume.write()
    await volume.run(1)
    const newest = readReplica(replicaPath(volume)).toSorted(
      (a, b) => Number(b.segments.at(-1)?.createdAt) - Number(a.segments.at(-1)?.createdAt),
    )[0]
    rmSync(newest?.snapshots[0]?.path ?? '')
  },
  'all snapshots gone, and only WAL left': (volume) => {
    for (const { snapshots } of readReplica(replicaPath(volume))) for (const { path } of snapshots) rmSync(path)
  },
  'old generations deleted by retention': async (volume) => {
    volume.write()
    await volume.run(1)
    const root = replicaPath(volume)
    for (const { snapshots, segments } of readReplica(root)) {
      for (const { path } of [...snapshots, ...segments]) utimesSync(path, 1, 1)
    }
    const replicas = volume.options().replicas.map((replica) => ({ ...replica, retentionCheckIntervalMs: 20 }))
    await volume.start({ replicas })
    volume.write(1)
    await waitUntil('Retention', () => readReplica(root).length === 1)
    await volume.stop()
  },
  'a copy of the volume to another disk': async (volume) => {
    const copy = volume.copy(volume.t, 'elsewhere')
    rmSync(volume.dir, { recursive: true })
    const back = copy.copy(volume.t, 'volume')
    assert.equal(back.path, volume.path)
  },
  'a state of an older engine, which kept no lineage': (volume) => rmSync(join(volume.metaPath, 'lineage')),
  'a lineage that cannot be read': (volume) => writeFileSync(join(volume.metaPath, 'lineage'), '{"claims":['),
}

async function crashedWhile(volume: Volume, happens: () => void): Promise<void> {
  await volume.start()
  happens()
  await volume.synced()
  await volume.crash()
  volume.write()
  assert.equal(existsSync(`${volume.path}-wal`), false)
}

for (const [what, happens] of Object.entries(events)) {
  test(`The same volume is the same after ${what}`, async (t) => {
    const volume = await filled(t)
    await happens(volume)
    await assertGoesOn(volume)
  })
}

test('A state whose last bytes were lost with the power is made good by the WAL', async (t) => {
  const volume = await filled(t)
  const statePath = join(volume.metaPath, 'position')
  const state = readFileSync(statePath)
  await volume.run(5)
  writeFileSync(statePath, state)
  await assertGoesOn(volume)
})

test('A state that is gone is made good by the WAL, and what it proved is kept when the WAL is restarted', async (t) => {
  const volume = await filled(t)
  truncateSync(join(volume.metaPath, 'position'), 0)
  const engine = volume.newEngine()
  await volume.examine({}, engine)
  await volume.start({}, engine)
  await volume.crash()
  await assertGoesOn(volume)
})

test('Of two replicas one is down through generations and restarts, and then comes back', async (t) => {
  const volume = await filled(t, 2)
  const [first, second] = volume.storages
  assert.ok(first && second)
  const silent = await silentS3(t)
  for (let round = 0; round < 3; round++) {
    volume.storages = [first, silent]
    volume.write()
    await volume.start()
    volume.write(3)
    await waitUntil('The first replica', () => volume.engine.status[0]?.replicas[0]?.isSynced)
    await volume.crash()
  }
  volume.storages = [first, second]
  await assertGoesOn(volume)
})

test('A replica that was copied to another place is the same there', async (t) => {
  const volume = await filled(t)
  const [first] = volume.storages
  assert.ok(first)
  const path = volume.box.path('replicas', 'other')
  cpSync(replicaPath(volume), path, { recursive: true, preserveTimestamps: true })
  volume.storages = [first, { type: 'file', path }]
  await assertGoesOn(volume)
})

test('Data of unknown origin is passed over with a warning, as Litestream does, and that is remembered', async (t) => {
  const other = new Volume(t, { name: 'other' })
  other.write()
  await other.run()
  const volume = new Volume(t, { box: other.box })
  volume.storages = other.storages
  volume.write(20)
  assert.deepEqual(await volume.relations(), ['unproven'])
  await volume.start()
  await volume.synced()
  await volume.crash()
  const [warning, ...more] = volume.linesOf('replica holds a generation of unknown origin, it is passed over')
  assert.equal(warning?.level, 'warn')
  assert.ok(readReplica(replicaPath(volume)).some(({ name }) => name === warning?.fields.generation))
  assert.deepEqual(more, [])
  await assertGoesOnAfterWarning(volume)
  assert.deepEqual(await other.relations(), ['superseded'], 'To the other one this is a stranger')
})

test('Data of unknown origin stays unproven while the replica was not met, however often the engine runs', async (t) => {
  const other = new Volume(t, { name: 'other' })
  other.write()
  await other.run()
  const volume = new Volume(t, { box: other.box })
  volume.write(20)
  volume.storages = [await silentS3(t)]
  for (let round = 0; round < 2; round++) {
    await volume.start()
    volume.write(5)
    await volume.crash()
  }
  volume.storages = other.storages
  assert.deepEqual(await volume.relations(), ['unproven'])
  await volume.run()
  assert.deepEqual(await volume.relations(), ['same'])
})

async function assertGoesOnAfterWarning(volume: Volume): Promise<void> {
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(await volume.relations(), ['same'])
    await volume.run(1)
  }
  assert.equal(volume.linesOf('replica holds a generation of unknown origin, it is passed over').length, 1)
}

test('What was examined counts once: a replica that turns out to be further is asked again', async (t) => {
  const volume = await filled(t)
  const engine = volume.newEngine()
  const { replicas } = await volume.examine({}, engine)
  assert.equal(replicas[0]?.kind, 'holds')
  // The guard would refuse this: it is what somebody else does between the two.
  const copy = volume.copy(t)
  await copy.run()
  await volume.start({}, engine)
  assert.ok(existsSync(volume.path))
  await waitUntil(
    'A contact',
    () => volume.linesOf('monitor error').length > 0 || volume.engine.status[0]?.replicas[0]?.isSynced,
  )
  // But a replica that turns out to be further is asked whatever was found before.
  assert.match(String(volume.linesOf('monitor error')[0]?.fields.error), /holds newer data/)
  await volume.crash()
})

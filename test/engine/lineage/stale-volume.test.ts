import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { hasCode } from '../../../engine/errors.ts'
import type { DatabaseOptions } from '../../../engine/options.ts'
import { startApp } from '../../support/app-process.ts'
import { waitUntil } from '../../support/wait.ts'
import { Volume } from './volume.ts'

/** Two copies of one volume: `old` stood still while the other one went on as `goOn` says. */
async function staleCopy(t: TestContext, goOn: (volume: Volume) => Promise<void>): Promise<Volume> {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  const old = volume.copy(t)
  await goOn(volume)
  return old
}

const histories: Record<string, { relation: 'behind' | 'superseded'; goOn: (volume: Volume) => Promise<void> }> = {
  'in the same WAL': { relation: 'behind', goOn: (volume) => volume.run() },
  'through checkpoints': {
    relation: 'behind',
    goOn: async (volume) => {
      await volume.start({ minCheckpointPageCount: 5 })
      await volume.checkpoints(3)
      await volume.stop()
    },
  },
  'in a new generation': {
    relation: 'superseded',
    goOn: async (volume) => {
      volume.write() // the last connection to close removes the WAL
      await volume.run()
    },
  },
  'after it was lost and restored': {
    relation: 'superseded',
    goOn: async (volume) => {
      rmSync(volume.dir, { recursive: true })
      await volume.restore()
      await volume.run()
    },
  },
}

/** What happened to the old copy before anybody looks. */
const ownHistories: Record<string, (old: Volume) => Promise<void>> = {
  'as it was': async () => {},
  'with further commits': async (old) => {
    const app = await startApp(old.t, old.path)
    await app.exec('INSERT INTO item (content) VALUES (randomblob(500))')
    await app.kill()
  },
  'with further commits in a database without WAL': async (old) => old.write(3),
  'with an engine that could not reach the replica, twice': async (old) => {
    await old.withoutReplicas(async () => {
      for (let round = 0; round < 2; round++) {
        await old.start({ minCheckpointPageCount: 5 })
        await old.checkpoints(3)
        await old.crash()
      }
    })
  },
}

for (const [how, { relation, goOn }] of Object.entries(histories)) {
  for (const [what, before] of Object.entries(ownHistories)) {
    test(`A volume of yesterday, ${what}, is ${relation} when its replica went on ${how}, and writes nothing there`, async (t) => {
      const old = await staleCopy(t, goOn)
      await before(old)
      const stored = old.stored()
      const found = await old.relations()
      // Who never met the replica since cannot know more than it once sent there.
      assert.deepEqual(found, [relation])
      await old.start()
      await assert.rejects(
        old.synced(),
        (error) => hasCode(error, 'ERR_DATABASE_CONFLICT') && error.message.includes(old.path),
      )
      old.write(20)
      await assert.rejects(old.engine.close(AbortSignal.timeout(300)), (error) => hasCode(error, 'ERR_NOT_DURABLE'))
      // Not even an engine that ran makes it look younger.
      assert.deepEqual(await old.relations(), [relation])
      await old.start()
      await assert.rejects(old.synced(), (error) => hasCode(error, 'ERR_DATABASE_CONFLICT'))
      await old.crash()
      assert.deepEqual(old.stored(), stored)
    })
  }
}

const decisions: Record<string, (old: Volume) => Promise<Partial<DatabaseOptions>>> = {
  'the configuration': async () => ({ onConflict: 'use-local' }),
  acceptLocal: async (old) => {
    await old.newEngine().acceptLocal(old.options(), AbortSignal.timeout(20_000))
    return {}
  },
}

for (const [how, { goOn }] of Object.entries(histories)) {
  for (const [by, decide] of Object.entries(decisions)) {
    test(`When the user decides for the old volume by ${by}, it goes on, and stays the same after that: replica ${how}`, async (t) => {
      const old = await staleCopy(t, goOn)
      const options = await decide(old)
      await old.run(3, options)
      assert.deepEqual(await old.relations(), ['same'])
      const rows = old.rows()
      await old.run(2)
      assert.deepEqual(await old.relations(), ['same'])
      old.removeDatabase()
      await old.restore()
      assert.equal(old.rows(), rows + 2)
    })
  }
}

for (const [how, { goOn }] of Object.entries(histories)) {
  for (const [by, decide] of Object.entries(decisions)) {
    test(`A decision for the old volume by ${by} needs no commit to last, and begins one generation: replica ${how}`, async (t) => {
      const old = await staleCopy(t, goOn)
      const rows = old.rows()
      const options = await decide(old)
      const run = async () => {
        await old.start(options)
        await old.synced()
        await old.stop()
      }
      await run()
      assert.equal(old.linesOf('sync: new generation').length, 1)
      for (let start = 0; start < 3; start++) await run()
      assert.equal(old.linesOf('sync: new generation').length, 1, 'Later starts go on')
      rmSync(old.dir, { recursive: true })
      await old.restore()
      assert.equal(old.rows(), rows)
    })
  }
}

test('A decision lasts through a crash before anything of it is stored', async (t) => {
  const old = await staleCopy(t, (volume) => volume.run())
  const rows = old.rows()
  await old.newEngine().acceptLocal(old.options(), AbortSignal.timeout(20_000))
  await old.withoutReplicas(async () => {
    await old.start()
    await old.crash()
  })
  await old.start()
  await old.synced()
  await old.stop()
  rmSync(old.dir, { recursive: true })
  await old.restore()
  assert.equal(old.rows(), rows)
})

test('A decision is written down before anything is sent: a crash between leaves the volume the same', async (t) => {
  const old = await staleCopy(t, (volume) => volume.run())
  await old.newEngine().acceptLocal(old.options(), AbortSignal.timeout(20_000))
  assert.deepEqual(await old.relations(), ['same'])
  await old.start()
  await old.crash()
  assert.deepEqual(await old.relations(), ['same'])
  await old.run()
})

test('The conflict is told with every try, and ends when the replica no longer has it', async (t) => {
  const old = await staleCopy(t, (volume) => volume.run())
  await old.start()
  await waitUntil('Two tries', () => old.linesOf('monitor error').length >= 2)
  for (const { level, fields } of old.linesOf('monitor error')) {
    assert.equal(level, 'error')
    assert.match(String(fields.error), /^Replica r0 holds newer data of the same history .*WHERRY_CONFLICT=use-local/)
  }
  const [storage] = old.storages
  assert.ok(storage?.type === 'file')
  rmSync(storage.path, { recursive: true })
  await waitUntil('A new beginning', () => old.engine.status[0]?.replicas[0]?.isSynced)
  await old.stop()
})

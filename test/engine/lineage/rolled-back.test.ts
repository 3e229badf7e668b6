import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { StateFile } from '../../../engine/database/state-file.ts'
import { hasCode } from '../../../engine/errors.ts'
import { frameSize, walSize } from '../../../engine/format/wal.ts'
import { startApp } from '../../support/app-process.ts'
import { Volume } from './volume.ts'

const PAGE_SIZE = 4096

const files = ['app.db', 'app.db-wal']

/** It is behind, an engine writes nothing to the replica, and what that engine wrote down itself does not change it. */
async function assertBehind(volume: Volume): Promise<void> {
  assert.deepEqual(await volume.relations(), ['behind'])
  const stored = volume.stored()
  await volume.start()
  await assert.rejects(volume.synced(), (error) => hasCode(error, 'ERR_DATABASE_CONFLICT'))
  await volume.crash()
  assert.deepEqual(volume.stored(), stored)
  assert.deepEqual(await volume.relations(), ['behind'])
}

const ways: Record<string, (volume: Volume) => Promise<void>> = {
  'in the same WAL': (volume) => volume.run(),
  'through checkpoints': async (volume) => {
    await volume.start({ minCheckpointPageCount: 5 })
    await volume.checkpoints(3)
    await volume.stop()
  },
}

for (const [how, goOn] of Object.entries(ways)) {
  test(`A database that goes back to an older image, while the metadata stays, is behind: it had gone on ${how}`, async (t) => {
    const volume = new Volume(t)
    volume.write()
    await volume.run()
    const image = volume.box.path('image')
    mkdirSync(image)
    for (const name of files) cpSync(join(volume.dir, name), join(image, name))
    await goOn(volume)
    assert.deepEqual(await volume.relations(), ['same'])
    volume.removeDatabase()
    for (const name of files) cpSync(join(image, name), join(volume.dir, name))
    await assertBehind(volume)
    rmSync(volume.metaPath, { recursive: true })
    assert.deepEqual(await volume.relations(), ['unproven'], 'Without metadata nobody knows')
  })
}

test('A WAL with a hole, as a power loss leaves it, holds less than its last frame says', async (t) => {
  const volume = new Volume(t)
  volume.write()
  await volume.run()
  await volume.run()
  assert.deepEqual(await volume.relations(), ['same'])
  const walPath = `${volume.path}-wal`
  const wal = readFileSync(walPath)
  const end = new StateFile(volume.metaPath).load()?.mark.offset ?? 0
  assert.ok(end > walSize(4, PAGE_SIZE), `${end} bytes`)
  wal.fill(0, end - 3 * frameSize(PAGE_SIZE), end - 2 * frameSize(PAGE_SIZE))
  volume.removeIndex()
  writeFileSync(walPath, wal)
  await assertBehind(volume)
})

const losses: Record<string, (volume: Volume) => Promise<void>> = {
  'that lost its WAL': async (volume) => {
    volume.removeIndex()
    rmSync(`${volume.path}-wal`)
  },
  'that lost its WAL, and has a new one': async (volume) => {
    volume.removeIndex()
    rmSync(`${volume.path}-wal`)
    const app = await startApp(volume.t, volume.path)
    await app.exec('INSERT INTO item (content) VALUES (1)')
    await app.kill()
  },
  'that went back to before its WAL was another one': async (volume) => {
    const image = volume.box.path('image')
    mkdirSync(image)
    for (const name of files) cpSync(join(volume.dir, name), join(image, name))
    volume.write()
    await volume.run()
    volume.removeDatabase()
    for (const name of files) cpSync(join(image, name), join(volume.dir, name))
  },
}

for (const [what, lose] of Object.entries(losses)) {
  test(`A database ${what} is behind, though no WAL says so`, async (t) => {
    const volume = new Volume(t)
    volume.write()
    await volume.run()
    await volume.run()
    assert.deepEqual(await volume.relations(), ['same'])
    await lose(volume)
    await assertBehind(volume)
  })
}

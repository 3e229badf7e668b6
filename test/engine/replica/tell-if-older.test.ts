import assert from 'node:assert/strict'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { waitUntil } from '../../support/wait.ts'
import { Volume } from '../lineage/volume.ts'

const HOUR = 3600

/** A replica whose objects were stored `seconds` later than they were, and a database that has to begin a generation anew. */
async function begunAgain(volume: Volume, seconds: number): Promise<void> {
  await volume.run()
  const [storage] = volume.storages
  assert.ok(storage?.type === 'file')
  for (const name of readdirSync(storage.path, { recursive: true, encoding: 'utf8' })) {
    const path = join(storage.path, name)
    const later = statSync(path).mtimeMs / 1000 + seconds
    utimesSync(path, later, later)
  }
  volume.write()
}

function warnings({ lines }: Volume): (typeof lines)[number][] {
  return lines.filter(
    ({ level, message }) => level === 'warn' && message.startsWith('restores take another generation'),
  )
}

test('A storage whose clock was set back takes the generation before for the newest, and that is said once', async (t) => {
  const volume = new Volume(t)
  await begunAgain(volume, HOUR)
  const before = (await volume.examine()).replicas[0]
  await volume.start()
  await waitUntil('A warning', () => warnings(volume).length > 0)
  volume.write(5)
  await volume.synced()
  await volume.stop()
  const [warning, ...others] = warnings(volume)
  assert.equal(others.length, 0)
  assert.ok(before?.kind === 'holds')
  assert.equal(warning?.fields.newest, before.generation)
  assert.equal(warning.fields.updated, before.updatedAt.toISOString())
  assert.notEqual(warning.fields.generation, before.generation)
})

test('Nothing is said of a generation that is the newest', async (t) => {
  const volume = new Volume(t)
  await begunAgain(volume, -HOUR)
  await volume.run()
  assert.deepEqual(warnings(volume), [])
})

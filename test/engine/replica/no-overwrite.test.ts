import test from 'node:test'
import Database from 'better-sqlite3'
import { WherryError } from '../../../engine/errors.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'
import { Unit } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'
import { unreachable, type WatchedStorage } from '../../support/watched-storage.ts'

/** A storage that replaces nothing, and whose answers get lost while `isLossy` says so. */
function withoutOverwrite(storage: WatchedStorage, stored: StorageClient, isLossy: () => boolean): void {
  const keep = new Set<string>()
  const once = async <T>(key: string, write: () => Promise<T>): Promise<T> => {
    if (keep.has(key)) throw new WherryError('ERR_STORAGE_DENIED', `${key} may not be replaced: the test says so`)
    const written = await write()
    keep.add(key)
    return isLossy() ? unreachable() : written
  }
  storage.writeSegment = (position, body) => once(JSON.stringify(position), () => stored.writeSegment(position, body))
  storage.writeSnapshot = (generation, index, body, options) =>
    once(`${generation}/${index}`, () => stored.writeSnapshot(generation, index, body, options))
}

test('Where nothing may be replaced, uploads whose answers are lost hold nothing up', async (t) => {
  const unit = new Unit(t)
  const app = new Database(unit.path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE t (x)')
  let uploads = 0
  await unit.start(([storage]) => {
    if (storage !== undefined) withoutOverwrite(storage, unit.stored(), () => ++uploads % 2 === 1)
  })
  for (let row = 0; row < 4; row++) {
    app.prepare('INSERT INTO t VALUES (randomblob(5000))').run()
    await unit.database.copy()
    await waitUntil('All is stored', () => unit.replica.status.isSynced && unit.replica.status.lagMs === 0)
  }
  await unit.stop()
  await unit.assertRestorable()
})

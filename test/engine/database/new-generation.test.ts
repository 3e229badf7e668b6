import assert from 'node:assert/strict'
import { closeSync, copyFileSync, existsSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { walSize } from '../../../engine/format/wal.ts'
import { type App, startApp } from '../../support/app-process.ts'
import { blindWatches, replaceWatch } from '../../support/blind-watch.ts'
import { Unit } from '../../support/unit.ts'

const insert = 'INSERT INTO blobs VALUES (randomblob(1000))'

/** It looks for commits only when it is asked to. */
const quiet = { monitorIntervalMs: 3_600_000 }

/** An engine that stored an app's commits, and both still run. */
class Story {
  readonly unit: Unit
  readonly #t: TestContext
  #app: App | undefined

  constructor(t: TestContext) {
    this.#t = t
    this.unit = new Unit(t, { database: quiet })
  }

  async begin(): Promise<this> {
    await this.startApp()
    await this.app.exec('CREATE TABLE blobs (content BLOB)')
    await this.unit.start()
    await this.unit.synced()
    await this.app.repeat(10, insert)
    await this.unit.synced()
    return this
  }

  get app(): App {
    assert.ok(this.#app)
    return this.#app
  }

  async startApp(): Promise<void> {
    this.#app = await startApp(this.#t, this.unit.path)
  }

  get walPath(): string {
    return `${this.unit.path}-wal`
  }

  get statePath(): string {
    return join(this.unit.metaPath, 'position')
  }

  /**
   * The machine loses power and comes back with an older WAL, as SQLite's synchronous=NORMAL allows: what was committed
   * after `before` is gone from the disk, though the replica may have it.
   * @param keepState the engine's own file comes back as it was at the end, and not as it was then
   */
  async losePower(before: () => Promise<void>, keepState: boolean): Promise<void> {
    copyFileSync(this.walPath, `${this.walPath}.then`)
    copyFileSync(this.statePath, `${this.statePath}.then`)
    await before()
    await this.unit.synced()
    await this.unit.stop()
    await this.app.kill()
    copyFileSync(`${this.walPath}.then`, this.walPath)
    if (!keepState) copyFileSync(`${this.statePath}.then`, this.statePath)
    rmSync(`${this.unit.path}-shm`)
    await this.startApp()
  }

  /** Everything is stored by now, and a restore is what the live database is. */
  async assertStored(): Promise<void> {
    await this.app.exec(insert)
    await this.unit.synced()
    await this.unit.stop()
    await this.unit.assertRestorable()
  }

  async snapshots(): Promise<number> {
    const client = this.unit.stored()
    let count = 0
    for (const generation of await client.generations()) count += (await client.snapshots(generation)).length
    return count
  }
}

/** What happens between the end of one engine and the start of the next, and the reason that the next one tells. */
const betweenEngines: Record<string, { reason: string; happens: (story: Story) => Promise<void> }> = {
  'the engine’s state is gone': {
    reason: 'no generation exists',
    happens: async ({ unit, statePath }) => {
      await unit.stop()
      rmSync(statePath)
    },
  },
  'the engine’s state is garbage': {
    reason: 'no generation exists',
    happens: async ({ unit, statePath }) => {
      await unit.stop()
      writeFileSync(statePath, 'garbage')
    },
  },
  'the app truncates the WAL': {
    reason: 'wal truncated by another process',
    happens: async ({ unit, app }) => {
      await unit.stop()
      await app.exec(`${insert}; PRAGMA wal_checkpoint(TRUNCATE)`)
    },
  },
  'the last app closes the database, so that SQLite removes the WAL': {
    reason: 'wal truncated by another process',
    happens: async (story) => {
      await story.unit.stop()
      await story.app.exec(insert)
      await story.app.close()
      assert.equal(existsSync(story.walPath), false)
      await story.startApp()
    },
  },
  'the app restarts the WAL': {
    reason: 'wal restarted by another process',
    happens: async ({ unit, app }) => {
      await unit.stop()
      await app.exec(`PRAGMA wal_checkpoint(RESTART); ${insert}`)
    },
  },
  'the WAL comes back shorter than it was copied': {
    reason: 'wal overwritten by another process',
    happens: async (story) => story.losePower(() => story.app.repeat(10, insert), true),
  },
  'the WAL comes back shorter, and the app writes over what is lost': {
    reason: 'wal overwritten by another process',
    happens: async (story) => {
      await story.losePower(() => story.app.repeat(10, insert), true)
      await story.app.repeat(30, insert)
    },
  },
  'WAL and state come back older than the replica': {
    reason: 'replica is ahead of the database',
    happens: async (story) => story.losePower(() => story.app.repeat(10, insert), false),
  },
  'WAL and state come back older, and the app writes over what the replica has': {
    reason: 'replica has another history',
    happens: async (story) => {
      await story.losePower(() => story.app.repeat(10, insert), false)
      await story.app.repeat(30, insert)
    },
  },
}

for (const [what, { reason, happens }] of Object.entries(betweenEngines)) {
  test(`A new generation when ${what}: ${reason}`, async (t) => {
    const story = await new Story(t).begin()
    await happens(story)
    // A disk that lost what the replica has is a conflict, unless the user wants to go on.
    await story.unit.start(undefined, { database: { ...quiet, onConflict: 'use-local' } })
    await story.unit.logged('sync: new generation', 2)
    await story.assertStored()
    assert.deepEqual(story.unit.reasons, ['no generation exists', reason])
    assert.equal(await story.snapshots(), 2)
  })
}

/** What happens to the WAL behind the back of an engine that runs. */
const whileRunning: Record<string, { reason: string; happens: (story: Story) => Promise<void> }> = {
  'a frame that is not copied yet does not continue those before': {
    reason: 'wal overwritten by another process',
    happens: async ({ app, walPath }) => {
      const end = statSync(walPath).size
      await app.exec(insert)
      // SQLite itself verifies a frame's checksum only when it recovers.
      const fd = openSync(walPath, 'r+')
      writeSync(fd, Buffer.alloc(8), 0, 8, end + 16)
      closeSync(fd)
    },
  },
}

for (const [what, { reason, happens }] of Object.entries(whileRunning)) {
  test(`A new generation while it runs when ${what}: ${reason}`, async (t) => {
    // What happens must be over before the engine looks.
    replaceWatch(t, blindWatches['watching fails'])
    const story = await new Story(t).begin()
    await happens(story)
    await story.unit.synced()
    await story.assertStored()
    assert.deepEqual(story.unit.reasons, ['no generation exists', reason])
  })
}

test('A stop and a start continue the generation without a snapshot, with what was committed between', async (t) => {
  const story = await new Story(t).begin()
  const generation = story.unit.database.position?.generation
  for (let round = 0; round < 3; round++) {
    await story.unit.stop()
    await story.app.repeat(10, insert)
    await story.unit.start()
    await story.unit.synced()
  }
  assert.equal(story.unit.database.position?.generation, generation)
  await story.assertStored()
  assert.deepEqual(story.unit.reasons, ['no generation exists'])
  assert.equal(await story.snapshots(), 1)
})

test('An end that stored nothing more, and a start, continue the generation too', async (t) => {
  const story = await new Story(t).begin()
  for (let round = 0; round < 3; round++) {
    await story.app.repeat(10, insert)
    await story.unit.database.copy()
    await story.unit.crash()
    await story.unit.start()
  }
  await story.assertStored()
  assert.deepEqual(story.unit.reasons, ['no generation exists'])
  assert.equal(await story.snapshots(), 1)
})

test('A WAL that nothing was written to since it was restarted is continued', async (t) => {
  const story = await new Story(t).begin()
  const { unit } = story
  await unit.stop()
  await unit.start(undefined, { database: { minCheckpointPageCount: 10, monitorIntervalMs: 10 } })
  await unit.logged('checkpoint')
  await unit.synced()
  assert.equal(unit.database.position?.offset, walSize(1, 4096), 'Only the engine’s own row')
  await unit.stop()
  await unit.start()
  await story.assertStored()
  assert.deepEqual(unit.reasons, ['no generation exists'])
  assert.equal(await story.snapshots(), 1)
})

import assert from 'node:assert/strict'
import { appendFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { CommitWatch } from '../../../engine/sqlite/commit-watch.ts'
import { sandbox } from '../../support/sandbox.ts'
import { waitUntil } from '../../support/wait.ts'

/** A watch on a file that the test writes to, and says itself whether that was a commit. */
class Scene {
  readonly walPath: string
  readonly watch: CommitWatch
  isCommitted = false
  looks = 0
  fired = 0
  #seen = 0

  constructor(t: TestContext) {
    this.walPath = sandbox(t).path('app.db-wal')
    writeFileSync(this.walPath, '')
    const look = (): boolean => {
      this.looks++
      return this.isCommitted
    }
    this.watch = new CommitWatch(this.walPath, look, () => {
      this.fired++
    })
    const witness = watch(this.walPath, () => {
      this.#seen++
    })
    t.after(() => {
      this.watch.close()
      witness.close()
    })
  }

  /** Writes, and waits until the file system has told everyone who watches. */
  async write(): Promise<void> {
    const before = this.#seen
    appendFileSync(this.walPath, 'x')
    await waitUntil('The event', () => this.#seen > before, { everyMs: 1 })
  }

  async firing(count: number): Promise<void> {
    await waitUntil(`Firing ${count}`, () => this.fired >= count, { everyMs: 1 })
  }
}

test('A commit that came before it was armed counts', (t) => {
  const scene = new Scene(t)
  scene.isCommitted = true
  scene.watch.arm()
  assert.equal(scene.fired, 1)
})

test('It fires once, rests whatever is written, and fires again when it is armed again', async (t) => {
  const scene = new Scene(t)
  scene.watch.arm()
  scene.isCommitted = true
  await scene.write()
  await scene.firing(1)
  for (let writes = 0; writes < 5; writes++) await scene.write()
  scene.watch.poll()
  assert.equal(scene.fired, 1)
  scene.watch.arm()
  assert.equal(scene.fired, 2)
})

test('A write that is no commit yet is looked at again, with no further event', async (t) => {
  const scene = new Scene(t)
  scene.watch.arm()
  await scene.write()
  await waitUntil('A second look after the event', () => scene.looks >= 3, { everyMs: 1 })
  assert.equal(scene.fired, 0)
  scene.isCommitted = true
  await scene.firing(1)
})

test('A long transaction ends the looks; its commit is an event again', async (t) => {
  const scene = new Scene(t)
  scene.watch.arm()
  await scene.write()
  // The first look of arm(), one for each wait, the one before the waits and the one after.
  await waitUntil('The last look', () => scene.looks === 11)
  scene.isCommitted = true
  await scene.write()
  await scene.firing(1)
})

test('Without a file to watch the poll finds the commit, and only then', (t) => {
  const scene = new Scene(t)
  rmSync(scene.walPath)
  scene.watch.arm()
  scene.watch.poll()
  assert.equal(scene.fired, 0)
  scene.isCommitted = true
  scene.watch.poll()
  scene.watch.poll()
  assert.equal(scene.fired, 1)
})

test('Closed it fires no more and keeps nothing open', async (t) => {
  const scene = new Scene(t)
  const onlyWitness = (): boolean => {
    const open = process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap' || name === 'Timeout')
    return open.length === 1
  }
  await waitUntil('Nothing open but the witness', onlyWitness)
  scene.watch.arm()
  await scene.write()
  assert.equal(onlyWitness(), false)
  scene.watch.close()
  scene.isCommitted = true
  scene.watch.poll()
  await scene.write()
  assert.equal(scene.fired, 0)
  await waitUntil('Nothing open but the witness again', onlyWitness)
})

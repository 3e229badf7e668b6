/** Encrypted replicas from outside: which keys are needed for what, and what is said when they are not there. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import test, { type TestContext } from 'node:test'
import { newKeys } from '../engine/storage/age/keys.ts'
import { assertSameDatabase } from '../support/compare.ts'
import { restore, startReplicate, tryRestore, writeConfig } from '../support/replication.ts'
import { Scene } from '../support/scene.ts'
import { toolUnderTest } from '../support/tool.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

type Keys = Readonly<Record<string, readonly string[]>>

const wherry = toolUnderTest()
const { age } = await newKeys()
const stranger = await newKeys()
const database = { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 }
const replica = { 'sync-interval': '50ms' }

function setupWith(scene: Scene, keys: Keys | undefined) {
  const encryption = keys === undefined ? {} : { age: keys }
  return { db: scene.db, database, replica: { path: scene.replicaPath, ...replica, ...encryption } }
}

function newWriter(scene: Scene) {
  mkdirSync(dirname(scene.db), { recursive: true })
  return startWriter(scene.box, { path: scene.db, commitsPerSecond: 300, autocheckpointPages: 0 })
}

/** Replicates what a writer commits, with these keys, and returns the number of its last commit. */
async function replicateWith(scene: Scene, keys: Keys | undefined): Promise<number> {
  const writer = await newWriter(scene)
  const engine = await startReplicate(scene.box, wherry, [setupWith(scene, keys)])
  await writer.moreCommits(200)
  await writer.stop()
  assert.equal((await engine.stop()).code, 0, engine.tail())
  return writer.lastCommit()
}

async function assertRestores(scene: Scene, keys: Keys, lastCommit: number): Promise<void> {
  const config = writeConfig(scene.box, [setupWith(scene, keys)], 'restore.yml')
  const restored = await scene.restore({ from: scene.db, config })
  assert.equal(assertCommittedState(restored), lastCommit)
  assertSameDatabase(restored, scene.db)
}

function objects(scene: Scene): Buffer[] {
  const found = scene.generations().flatMap(({ snapshots, segments }) => [...snapshots, ...segments])
  return found.map(({ path }) => readFileSync(path))
}

function encryptedIn(scene: Scene): number {
  return objects(scene).filter((object) => object.indexOf('age-encryption.org/v1\n') === 0).length
}

async function encryptedScene(t: TestContext): Promise<Scene> {
  const scene = new Scene(t)
  await replicateWith(scene, { ...age })
  assert.ok(encryptedIn(scene) > 1 && encryptedIn(scene) === objects(scene).length)
  return scene
}

for (const [title, keys, message] of [
  ['no keys', undefined, /generations\/\S+ is encrypted with age: set age\.identities/],
  ['no identities', { recipients: age.recipients }, /generations\/\S+ is encrypted with age: set age\.identities/],
  [
    'another identity',
    { identities: stranger.age.identities },
    /generations\/\S+ is encrypted for other keys than age\.identities/,
  ],
] as const) {
  test(`A restore with ${title} says which object it cannot read, and writes nothing`, async (t) => {
    const scene = await encryptedScene(t)
    const config = writeConfig(scene.box, [setupWith(scene, keys)], 'other.yml')
    const output = scene.box.path('out', 'restored.db')
    const { code, stdout } = await tryRestore(scene.box, wherry, { from: scene.db, config, output })
    assert.equal(code, 78)
    assert.match(stdout, message)
    assert.doesNotMatch(stdout, /AGE-SECRET-KEY-1[A-Z0-9]/)
    assert.throws(() => readFileSync(output), { code: 'ENOENT' })
  })
}

test('A restore of a replica URL takes the keys from variables', async (t) => {
  const scene = await encryptedScene(t)
  const request = { from: `file://${scene.replicaPath}`, output: scene.box.path('out', 'restored.db') }
  const env = { WHERRY_REPLICA_AGE_IDENTITIES: age.identities.join('\n') }
  assertSameDatabase(await restore(scene.box, wherry, { ...request, env }), scene.db)
  const { code, stderr } = await tryRestore(scene.box, wherry, request)
  assert.equal(code, 78)
  assert.match(stderr, /generations\/\S+ is encrypted with age: set age\.identities/)
})

test('A boot that cannot read the backup does not start the app', async (t) => {
  const scene = await encryptedScene(t)
  rmSync(dirname(scene.db), { recursive: true })
  const config = writeConfig(scene.box, [setupWith(scene, { ...stranger.age })], 'other.yml')
  const started = scene.box.path('started')
  const { code, stderr } = await scene.box.run([...wherry.command, 'run', '-config', config, '--', 'touch', started])
  assert.equal(code, 76)
  assert.match(stderr, /is encrypted for other keys than age\.identities/)
  assert.throws(() => readFileSync(started), { code: 'ENOENT' })
})

test('An engine with other keys writes nothing to the replica, says why, and goes on with the right ones', async (t) => {
  const scene = await encryptedScene(t)
  const before = objects(scene).length
  const writer = await newWriter(scene)
  const engine = await startReplicate(scene.box, wherry, [setupWith(scene, { ...stranger.age })])
  await engine.waitForOutput(/is encrypted for other keys than age\.identities/)
  await writer.stop()
  // The second signal ends the final sync.
  engine.kill('SIGTERM')
  assert.notEqual((await engine.stop()).code, 0)
  assert.equal(objects(scene).length, before)
  const lastCommit = await replicateWith(scene, { ...age })
  assert.equal(scene.generations().length, 1)
  await assertRestores(scene, { ...age }, lastCommit)
})

test('New keys beside the old ones: what is written is for the new ones, and all of it restores', async (t) => {
  const scene = await encryptedScene(t)
  const { recipients, identities } = stranger.age
  const rotated = { recipients, identities: [...identities, ...age.identities] }
  const lastCommit = await replicateWith(scene, rotated)
  assert.equal(scene.generations().length, 1)
  await assertRestores(scene, { identities: rotated.identities }, lastCommit)
})

test('A replica from before encryption goes on, and all of it restores', async (t) => {
  const scene = new Scene(t)
  await replicateWith(scene, undefined)
  const before = objects(scene).length
  const lastCommit = await replicateWith(scene, { ...age })
  assert.ok(encryptedIn(scene) > 0 && encryptedIn(scene) === objects(scene).length - before)
  assert.equal(scene.generations().length, 1)
  await assertRestores(scene, { ...age }, lastCommit)
})

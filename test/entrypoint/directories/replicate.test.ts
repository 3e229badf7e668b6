/** Directories of databases from outside, with `wherry replicate`. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { faultInjector } from '../../support/fault.ts'
import { notesIn } from '../../support/sqlite-rows.ts'
import { waitUntil } from '../../support/wait.ts'
import { DirectoryScene } from './scene.ts'

test('Databases that are there, come, are made of other files and go; folders come and go with them', async (t) => {
  const scene = new DirectoryScene(t)
  scene.write('there.db')
  scene.write('eu/deep.db')
  writeFileSync(scene.path('text.db'), 'This is a text, and no database at all.\n'.repeat(100))
  writeFileSync(scene.path('empty.db'), '')
  scene.write('other.sqlite')
  const wherry = scene.start('replicate')
  await scene.replicates(wherry, 'there.db', 'eu/deep.db')
  assert.match(wherry.output, /file is not replicated.*text\.db/)

  const burst = Array.from({ length: 20 }, (_, n) => `burst/${n % 4}/${n}.db`)
  for (const name of burst) scene.write(name)
  rmSync(scene.path('text.db'))
  for (const name of ['text.db', 'empty.db']) scene.write(name)
  scene.write('there.db', 'later')
  const all = ['there.db', 'eu/deep.db', 'text.db', 'empty.db', ...burst]
  await scene.replicates(wherry, ...all)

  scene.write('eu/deep.db', 'last')
  rmSync(scene.path('eu/deep.db'))
  rmSync(scene.path('burst'), { recursive: true })
  await scene.replicates(wherry, 'there.db', 'text.db', 'empty.db')
  assert.deepEqual(notesIn(await scene.restored('eu/deep.db')), ['eu/deep.db', 'last'])
  for (const name of burst) assert.deepEqual(notesIn(await scene.restored(name)), [name])

  scene.write('text.db', 'at the very end')
  scene.write('late.db')
  assert.deepEqual(await wherry.stop(), { code: 0, signal: null })
  await scene.assertStored('there.db', 'text.db', 'empty.db', 'late.db')
  assert.doesNotMatch(wherry.output, /level=ERROR/)
  assert.ok(!existsSync(scene.box.path('replica', 'other.sqlite')))
})

test('A database that is renamed is a new one, and one that takes its old name takes over its place', async (t) => {
  const scene = new DirectoryScene(t)
  scene.write('a.db', 'first')
  const wherry = scene.start('replicate')
  await scene.replicates(wherry, 'a.db')
  renameSync(scene.path('a.db-wal'), scene.path('b.db-wal'))
  renameSync(scene.path('a.db'), scene.path('b.db'))
  await scene.replicates(wherry, 'b.db')
  scene.write('a.db', 'second')
  await scene.replicates(wherry, 'a.db', 'b.db')
  await wherry.stop()
  await scene.assertStored('a.db', 'b.db')
  assert.deepEqual(notesIn(await scene.restored('a.db')), ['second'])
  assert.doesNotMatch(wherry.output, /level=ERROR|unknown origin/)
})

test('Without watch and recursive: what is there at the start, and nothing else; nothing there is an error', async (t) => {
  const scene = new DirectoryScene(t, { recursive: false, watch: false, pattern: 'tenant-[0-9]*.db' })
  const none = await scene.wherry('replicate')
  assert.equal(none.code, 78)
  assert.match(none.stdout + none.stderr, /the directory has no database that matches its pattern; set watch: true/)
  for (const name of ['tenant-1.db', 'tenant-x.db', 'eu/tenant-2.db']) scene.write(name)
  const wherry = scene.start('replicate')
  await scene.replicates(wherry, 'tenant-1.db')
  scene.write('tenant-3.db')
  await wherry.stop()
  await scene.assertStored('tenant-1.db')
  assert.deepEqual(readdirSync(scene.box.path('replica')), ['tenant-1.db'])
})

test('A directory that does not exist is waited for, also when it goes and comes again', async (t) => {
  const scene = new DirectoryScene(t, {}, { listen: 'unix:health.sock' })
  rmSync(scene.dir, { recursive: true })
  const wherry = scene.start('replicate')
  await wherry.waitForOutput(/directory is not there, waiting for some/)
  await wherry.waitForOutput(/watching directory/)
  scene.write('eu/a.db')
  await scene.replicates(wherry, 'eu/a.db')
  rmSync(scene.dir, { recursive: true })
  await scene.replicates(wherry)
  scene.write('eu/a.db', 'again')
  scene.write('b.db')
  await scene.replicates(wherry, 'eu/a.db', 'b.db')
  await wherry.stop()
  await scene.assertStored('eu/a.db', 'b.db')
})

test('One that cannot be replicated holds up no other, and is once it can', async (t) => {
  const scene = new DirectoryScene(t)
  // Its state has no place: a file is there.
  writeFileSync(scene.path('.broken.db-wherry'), '')
  scene.write('broken.db')
  scene.write('good.db')
  const wherry = scene.start('replicate')
  await scene.replicates(wherry, 'good.db')
  await wherry.waitForOutput(/file is not replicated.*broken\.db/)
  scene.write('better.db')
  await scene.replicates(wherry, 'good.db', 'better.db')
  rmSync(scene.path('.broken.db-wherry'))
  scene.write('broken.db', 'mended')
  await scene.replicates(wherry, 'good.db', 'better.db', 'broken.db')
  await wherry.stop()
  await scene.assertStored('good.db', 'better.db', 'broken.db')
})

test('An engine that is restarted goes on with all that were found and are there', async (t) => {
  const scene = new DirectoryScene(t)
  const faults = faultInjector(scene.box)
  scene.write('first.db')
  const wherry = scene.start('replicate', [], faults.env)
  await scene.replicates(wherry, 'first.db')
  for (const name of ['second.db', 'third.db']) scene.write(name)
  await scene.replicates(wherry, 'first.db', 'second.db', 'third.db')
  scene.remove('third.db')
  await scene.replicates(wherry, 'first.db', 'second.db')
  faults.inject('throw')
  await wherry.waitForOutput(/engine failed/)
  for (const name of ['first.db', 'second.db']) scene.write(name, 'while it is down')
  scene.write('fourth.db')
  await wherry.waitForOutput(/engine restarted/)
  await scene.replicates(wherry, 'first.db', 'second.db', 'fourth.db')
  await wherry.stop()
  await scene.assertStored('first.db', 'second.db', 'fourth.db')
})

test('A file that grows into a database; one that matches and never is one is told of once', async (t) => {
  const scene = new DirectoryScene(t, { pattern: '*' })
  const wherry = scene.start('replicate')
  await wherry.waitForOutput(/watching directory/)
  for (let n = 0; n < 5; n++) {
    appendFileSync(scene.path('app.log'), 'A line of a log, long enough to be looked at.\n'.repeat(40))
    await waitUntil('A look', async () => (await scene.status()).length === 0)
  }
  mkdirSync(scene.path('folder'))
  scene.write('folder/a')
  await scene.replicates(wherry, 'folder/a')
  assert.equal(wherry.output.match(/file is not replicated/g)?.length, 1, wherry.tail())
  await wherry.stop()
  await scene.assertStored('folder/a')
})

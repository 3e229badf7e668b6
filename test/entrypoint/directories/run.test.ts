/** Directories of databases from outside, with `wherry run`. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import test from 'node:test'
import { notesIn } from '../../support/sqlite-rows.ts'
import { wherry } from '../../support/tool.ts'
import { DirectoryScene } from './scene.ts'

/** Makes databases with a note each, and ends at once. */
const app = `
  const { dirname } = require('node:path')
  const { mkdirSync } = require('node:fs')
  const Database = require('better-sqlite3')
  for (const path of process.argv.slice(1)) {
    mkdirSync(dirname(path), { recursive: true })
    const db = new Database(path)
    db.exec("PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS notes (text); INSERT INTO notes VALUES ('of the app')")
  }
`

function makes(...paths: string[]): string[] {
  return ['--', process.execPath, '-e', app, ...paths]
}

const inModules = { NODE_PATH: new URL('../../../node_modules', import.meta.url).pathname }

test('An app that makes databases and ends at once: they are stored', async (t) => {
  const scene = new DirectoryScene(t)
  const paths = [scene.path('a.db'), scene.path('eu/b.db')]
  const { code } = await scene.start('run', makes(...paths), inModules).ended
  assert.equal(code, 0)
  await scene.assertStored('a.db', 'eu/b.db')
})

test('An empty volume: nothing is restored, and a line says so; a path is restored, and found by who runs', async (t) => {
  const scene = new DirectoryScene(t)
  scene.write('a.db')
  scene.write('b.db')
  const first = scene.start('replicate')
  await scene.replicates(first, 'a.db', 'b.db')
  await first.stop()
  rmSync(scene.dir, { recursive: true })
  mkdirSync(scene.dir)

  const second = scene.start('run', ['--', 'sleep', '600'])
  await second.waitForOutput(/directory has no database, waiting for some.*nothing is restored/)
  await second.waitForOutput(/watching directory/)
  assert.ok(!existsSync(scene.path('a.db')))
  assert.equal((await scene.wherry('restore', scene.path('a.db'))).code, 0)
  await scene.replicates(second, 'a.db')
  scene.write('a.db', 'more')
  await second.stop()
  assert.deepEqual(notesIn(await scene.restored('a.db')), ['a.db', 'more'])
  assert.doesNotMatch(second.output, /level=ERROR/)
})

test('A database made anew over a backup is refused, and the one beside it goes on', async (t) => {
  const scene = new DirectoryScene(t, {}, { 'grace-period': '3s' })
  scene.write('a.db', 'precious')
  const first = scene.start('replicate')
  await scene.replicates(first, 'a.db')
  await first.stop()
  rmSync(scene.dir, { recursive: true })
  mkdirSync(scene.dir)

  const second = scene.start('run', ['--', 'sleep', '600'])
  await second.waitForOutput(/watching directory/)
  scene.write('a.db', 'made anew')
  scene.write('b.db')
  await second.waitForOutput(/replica holds|holds generation|has no proof/)
  scene.write('b.db', 'more')
  await second.stop()
  assert.deepEqual(notesIn(await scene.restored('a.db')), ['precious'])
  assert.deepEqual(notesIn(await scene.restored('b.db')), ['b.db', 'more'])

  const third = await scene.wherry('run', '--', 'true')
  assert.equal(third.code, 74, third.stderr)
  assert.match(third.stderr, /a\.db .*Nothing was touched/)
})

test('The commands know the databases of a directory: those that are there, and any by its path', async (t) => {
  const scene = new DirectoryScene(t)
  scene.write('a.db')
  scene.write('eu/b.db')
  const engine = scene.start('replicate')
  await scene.replicates(engine, 'a.db', 'eu/b.db')
  await engine.stop()
  const { stdout } = await scene.wherry('databases')
  assert.deepEqual(stdout.trim().split('\n').slice(1), [
    `${scene.path('a.db')}     file`,
    `${scene.path('eu/b.db')}  file`,
  ])
  assert.match((await scene.wherry('snapshots', scene.path('eu/b.db'))).stdout, /\nfile /)
  const check = await scene.wherry('check', '-quick')
  assert.equal(check.code, 0, check.stderr)
  for (const name of ['a.db', 'eu/b.db']) assert.ok(check.stdout.includes(scene.path(name)), check.stdout)
  const copy = scene.box.path('copy.db')
  assert.equal((await scene.wherry('restore', '-o', copy, scene.path('eu/b.db'))).code, 0)
  assert.deepEqual(notesIn(copy), ['eu/b.db'])
  const stray = await scene.wherry('snapshots', scene.box.path('elsewhere.db'))
  assert.match(stray.stderr, /is not in the configuration, which has: .*\/data/)
  const config = await scene.wherry('config')
  assert.match(config.stdout, /dbs\[0\]\.dir +\S+\/data/)
  assert.doesNotMatch(config.stdout, /dbs\[0\]\.(path|meta-path) /)
})

test('Variables alone: a directory and a replica', async (t) => {
  const scene = new DirectoryScene(t)
  rmSync(scene.config)
  const env = {
    WHERRY_DB_DIR: scene.dir,
    WHERRY_DB_PATTERN: '*.db',
    WHERRY_DB_WATCH: 'true',
    WHERRY_REPLICA_URL: `file://${scene.box.path('replica')}`,
  }
  const run = [...wherry.command, 'run', ...makes(scene.path('a.db'))]
  const { code, stderr } = await scene.box.run(run, { env: { ...env, ...inModules } })
  assert.equal(code, 0, stderr)
  await scene.assertStored('a.db')
})

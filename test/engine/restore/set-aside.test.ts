import assert from 'node:assert/strict'
import fs, { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import SQLite from 'better-sqlite3'
import { setAside } from '../../../engine/restore/set-aside.ts'
import { logLines } from '../../support/log-lines.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'

const HOST = fileURLToPath(new URL('./set-aside-host.ts', import.meta.url))
const { logger } = logLines()

/** A database in a folder of its own, with one row in the file and one in the WAL. */
function crashed(box: Sandbox, name: string): string {
  const [source, path] = [box.path(`${name}-source.db`), box.path(name, 'app.db')]
  mkdirSync(dirname(path))
  const db = new SQLite(source)
  db.pragma('journal_mode=wal')
  db.exec('CREATE TABLE t (id); INSERT INTO t VALUES (1)')
  db.pragma('wal_checkpoint(truncate)')
  db.exec('INSERT INTO t VALUES (2)')
  for (const suffix of ['', '-wal']) copyFileSync(source + suffix, path + suffix)
  db.close()
  return path
}

function rowsOf(path: string): number {
  const db = new SQLite(path)
  try {
    return Number(db.prepare('SELECT count(*) FROM t').pluck().get())
  } finally {
    db.close()
  }
}

const filesOf = (path: string): string[] => readdirSync(dirname(path)).sort()
const contentOf = (path: string): string[][] =>
  filesOf(path).map((name) => [name, readFileSync(`${dirname(path)}/${name}`, 'hex')])

test('A kill at any moment leaves the database and its WAL together', async (t) => {
  const box = sandbox(t)
  let kills = 0
  for (let number = 0; ; number++) {
    const path = crashed(box, String(number))
    const { signal } = await box.run([process.execPath, HOST, path, String(number)])
    const names = filesOf(path).filter((name) => /^app\.db(?:\.aside-[^-]+)?$/.test(name))
    assert.equal(names.length, 1)
    assert.equal(rowsOf(`${dirname(path)}/${names[0]}`), 2, `killed before change ${number}`)
    if (signal === null) break
    kills++
  }
  assert.equal(kills, 4)
})

test('A kill at any moment loses nothing where there are no links, and leaves no old database that passes for whole', async (t) => {
  const box = sandbox(t)
  let kills = 0
  for (let number = 0; ; number++) {
    const path = crashed(box, String(number))
    const contents = [path, `${path}-wal`].map((file) => readFileSync(file, 'hex'))
    const { signal } = await box.run([process.execPath, HOST, path, String(number), 'no-links'])
    const left = contentOf(path).map(([, content]) => content)
    assert.deepEqual(left.toSorted(), contents.toSorted(), `killed before change ${number}`)
    if (existsSync(path)) assert.equal(rowsOf(path), 2)
    if (signal === null) break
    kills++
  }
  assert.equal(kills, 3)
})

for (const links of ['with links', 'without links']) {
  test(`It can be taken back, ${links}`, (t) => {
    const path = crashed(sandbox(t), 'data')
    const before = contentOf(path)
    if (links === 'without links') refuse(t, 'linkSync', () => true)
    const takeBack = setAside(path, logger)
    assert.deepEqual(
      filesOf(path).map((name) => name.replace(/aside-\d{8}T\d{6}Z/, 'aside')),
      ['app.db.aside', 'app.db.aside-wal'],
    )
    takeBack()
    assert.deepEqual(contentOf(path), before)
  })
}

test('To take it back overwrites nothing', (t) => {
  const path = crashed(sandbox(t), 'data')
  const takeBack = setAside(path, logger)
  writeFileSync(path, 'of the app')
  takeBack()
  assert.equal(readFileSync(path, 'utf8'), 'of the app')
  assert.equal(filesOf(path).length, 3)
})

for (const [what, name, ending] of [
  ['the database cannot be renamed', 'renameSync', 'app.db'],
  ['the old name of the WAL cannot be removed', 'rmSync', 'app.db-wal'],
  ['the index of the WAL cannot be removed', 'rmSync', 'app.db-shm'],
] as const) {
  test(`What fails leaves all as it was: ${what}`, (t) => {
    const path = crashed(sandbox(t), 'data')
    const before = contentOf(path)
    refuse(t, name, (from) => basename(from) === ending)
    assert.throws(() => setAside(path, logger), { code: 'ERR_OUTPUT_ACCESS' })
    assert.deepEqual(contentOf(path), before)
  })
}

/** Has a call fail until the test ends, as where one may not. */
function refuse(
  t: TestContext,
  name: 'linkSync' | 'renameSync' | 'rmSync',
  isRefused: (path: string) => boolean,
): void {
  const original = fs[name] as (...args: unknown[]) => void
  const mocked = t.mock.method(fs, name, (...args: unknown[]) => {
    if (isRefused(String(args[0]))) throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
    original(...args)
  })
  syncBuiltinESMExports()
  t.after(() => {
    mocked.mock.restore()
    syncBuiltinESMExports()
  })
}

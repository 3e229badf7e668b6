import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { type Directory, findDatabase, optionsIn } from '../../../entrypoint/directories/directory.ts'
import { findFiles } from '../../../entrypoint/directories/find-files.ts'
import { Places } from '../../../entrypoint/directories/places.ts'
import { sandbox } from '../../support/sandbox.ts'
import { resolveText } from '../config/resolve-text.ts'

function directoryOf(keys: Readonly<Record<string, unknown>>): Directory {
  const entry = { dir: '/data', pattern: '*.db', replicas: [{ path: '/backup' }], ...keys }
  const [directory] = resolveText(JSON.stringify({ dbs: [entry] })).directories
  assert.ok(directory)
  return directory
}

/** A replica as configured, and the path of what it has for `eu/a.db`. */
const storagesBelow: [Record<string, string>, string][] = [
  [{ path: '/backup' }, '/backup/eu/a.db'],
  [{ url: 's3://bucket/tenants' }, 'tenants/eu/a.db'],
  [{ url: 's3://bucket' }, 'eu/a.db'],
  [{ type: 's3', bucket: 'bucket', path: '/' }, '/eu/a.db'],
  [{ url: 'gs://bucket/tenants' }, 'tenants/eu/a.db'],
  [{ url: 'abs://account@container/tenants', 'account-key': 'a2V5' }, 'tenants/eu/a.db'],
  [{ url: 'sftp://user:pw@host/tenants' }, '/tenants/eu/a.db'],
]

for (const [replica, path] of storagesBelow) {
  test(`A database of a directory has its own place in ${JSON.stringify(replica)}`, () => {
    const database = optionsIn(directoryOf({ recursive: true, replicas: [replica] }), '/data/eu/a.db')
    assert.equal(database?.replicas[0]?.storage.path, path)
    assert.equal(database.metaPath, '/data/eu/.a.db-wherry')
  })
}

test('What a directory may have as a database, by its path', () => {
  const [flat, deep] = [directoryOf({}), directoryOf({ recursive: true, 'meta-dir': '/data/meta' })]
  const all = directoryOf({ pattern: '*', recursive: true, replicas: [{ path: '/data/backup' }] })
  const isIn = (directory: Directory) => (path: string) => optionsIn(directory, path) !== undefined
  const paths = [
    '/data/a.db',
    '/data/eu/a.db',
    '/data/a.db-wal',
    '/data',
    '/other/a.db',
    '/data/../a.db',
    '/data/..a.db',
  ]
  assert.deepEqual(paths.filter(isIn(flat)), ['/data/a.db', '/data/..a.db'])
  assert.deepEqual(paths.filter(isIn(deep)), ['/data/a.db', '/data/eu/a.db', '/data/..a.db'])
  const own = [
    '/data/a.db-wal',
    '/data/a.db-shm',
    '/data/a.db-journal',
    '/data/a.db.0123456789abcdef.tmp',
    '/data/a.db.0123456789abcdef.tmp-lock',
    '/data/a.db.aside-20261123T101010Z',
    '/data/.a.db-wherry/lock',
    '/data/.a.db-litestream/generation',
    '/data/.a.db-wherry-check.0123',
    '/data/.wherry/x',
    '/data/backup/a.db/generations/x',
  ]
  assert.deepEqual(own.filter(isIn(all)), [])
  assert.deepEqual(['/data/a', '/data/wherry', '/data/backups/x'].filter(isIn(all)).length, 3)
  assert.equal(optionsIn(deep, '/data/meta/a.db'), undefined)
  assert.equal(optionsIn(deep, '/data/eu/a.db')?.metaPath, '/data/meta/eu/a.db-wherry')
})

test('A database with an entry of its own is that one', () => {
  const config = resolveText(`
dbs:
  - { dir: /data, pattern: "*.db", replicas: [{ path: /backup }] }
  - { path: /data/own.db, replicas: [{ path: /elsewhere }] }
`)
  const placeOf = (path: string) => findDatabase(config, path)?.replicas[0]?.storage.path
  assert.deepEqual(['/data/own.db', '/data/a.db', '/a.db'].map(placeOf), ['/elsewhere', '/backup/a.db', undefined])
})

test('The files that may be databases: by name, without links; folders that cannot be read are passed over', async (t) => {
  const box = sandbox(t)
  const files = [
    'b.db',
    'a.db',
    'a.db-wal',
    'eu/c.db',
    'eu/west/d.db',
    'eu/notes.txt',
    '.a.db-wherry/x.db',
    'meta/e.db',
  ]
  for (const file of files) {
    mkdirSync(dirname(box.path('data', file)), { recursive: true })
    writeFileSync(box.path('data', file), '')
  }
  symlinkSync(box.path('data', 'a.db'), box.path('data', 'link.db'))
  symlinkSync(box.path('data', 'eu'), box.path('data', 'link'))
  mkdirSync(box.path('data', 'folder.db'))
  const dir = box.path('data')
  const found = async (keys: object) =>
    (await findFiles(directoryOf({ dir, ...keys })))?.map((path) => path.slice(dir.length + 1))
  assert.deepEqual(await found({}), ['a.db', 'b.db'])
  const below = { recursive: true, 'meta-dir': box.path('data', 'meta') }
  assert.deepEqual(await found(below), ['a.db', 'b.db', 'eu/c.db', 'eu/west/d.db'])
  assert.equal(await findFiles(directoryOf({ dir: box.path('none') })), undefined)
  await assert.rejects(findFiles(directoryOf({ dir: box.path('data', 'a.db') })), /a\.db cannot be read: it is a file/)
})

test('No two databases get the same place, and one that gave it up has none', () => {
  const places = new Places()
  const one = directoryOf({}).optionsOf('a.db')
  assert.equal(places.claim(one), undefined)
  assert.equal(places.claim(one), undefined)
  const other = directoryOf({ dir: '/other' }).optionsOf('a.db')
  assert.match(places.claim(other) ?? '', /the place of its replica file is that of \/data\/a\.db/)
  const sharing = { ...other, replicas: [], metaPath: one.metaPath }
  assert.match(places.claim(sharing) ?? '', /the folder for its state, .* is that of \/data\/a\.db/)
  assert.equal(places.claim({ ...one, path: '/third.db', metaPath: '/third', replicas: [] }), undefined)
  places.release('/data/a.db')
  assert.equal(places.claim(other), undefined)
})

/** Entry of `dbs` beside a dir of /data and a replica in /backup, and the error. */
const mistakes: [string, RegExp][] = [
  ['dir: /data', /pattern is missing/],
  ['dir: /data, pattern: "[a"', /"\[a" is not a pattern/],
  ['dir: /data, pattern: "eu/*.db"', /"eu\/\*\.db" is not a pattern/],
  ['dir: /data, pattern: "*.db", path: /data/a.db', /path and dir are both set/],
  ['dir: /data, pattern: "*.db", meta-path: /meta', /meta-path and dir are both set; give meta-dir instead/],
  ['path: /a.db, watch: true', /watch is about a directory, and there is no dir/],
  ['path: /a.db, pattern: "*.db"', /pattern is about a directory/],
]
for (const [keys, error] of mistakes) {
  test(`A mistake: ${keys}`, () => {
    assert.throws(() => resolveText(`dbs: [{ ${keys}, replicas: [{ path: /backup }] }]`), error)
  })
}

test('Two directories may share a place only when they are one', () => {
  const entry = (dir: string, pattern: string) => ({ dir, pattern, replicas: [{ path: '/backup' }] })
  const text = (...dbs: object[]) => JSON.stringify({ dbs })
  assert.throws(() => resolveText(text(entry('/one', '*'), entry('/two', '*'))), /where a replica of \/one does/)
  assert.equal(resolveText(text(entry('/one', '*.db'), entry('/one', '*.sqlite'))).directories.length, 2)
  const required = { replication: 'required', dbs: [{ dir: '/data', pattern: '*' }] }
  assert.throws(() => resolveText(JSON.stringify(required)), /\/data has no replica/)
})

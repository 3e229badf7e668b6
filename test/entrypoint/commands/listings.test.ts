import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test, { type TestContext } from 'node:test'
import { dispatched } from '../../support/dispatched.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'

const first = '3d9237bb0a6dd29b'
const second = '5201f1bb7d6ad4a9'

/** An object in a replica: its key below the root, its size and its time. */
const objects: [string, number, string][] = [
  [`generations/${first}/snapshots/00000000.snapshot.lz4`, 11848740 >> 12, '2026-11-22T21:45:26.900Z'],
  [`generations/${first}/wal/00000000_00000000.wal.lz4`, 487, '2026-11-22T21:45:26.950Z'],
  [`generations/${first}/wal/00000000_00004080.wal.lz4`, 2382, '2026-11-22T21:45:33.100Z'],
  [`generations/${first}/wal/0000000a_00000000.wal.lz4`, 9, '2026-11-22T21:45:30Z'],
  [`generations/${second}/snapshots/00000002.snapshot.lz4`, 5, '2026-11-22T21:46:11Z'],
  [`generations/${second}/wal/0000000A_00000000.wal.lz4`, 5, '2026-11-22T21:59:59Z'], // not a name of the format
]

function touch(path: string, size: number, time: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.alloc(size))
  utimesSync(path, new Date(time), new Date(time))
}

/** A replica, a database written 3.876 s after its last object, and a configuration of both. */
function scene(t: TestContext): { box: Sandbox; config: string; db: string } {
  const box = sandbox(t)
  for (const [key, size, time] of objects) touch(box.path('replica', key), size, time)
  const db = box.path('app.db')
  touch(db, 1, '2026-11-22T21:46:10Z')
  touch(`${db}-wal`, 1, '2026-11-22T21:46:14.876Z')
  const replicas = [{ path: box.path('replica') }, { name: 'absent', path: box.path('absent') }]
  const config = box.path('c.yml')
  writeFileSync(config, JSON.stringify({ dbs: [{ path: db, replicas }, { path: '/other.db' }] }))
  return { box, config, db }
}

function lines(...texts: string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}

test('databases', async (t) => {
  const { config, db } = scene(t)
  const header = `path${' '.repeat(db.length - 4)}  replicas`
  assert.deepEqual(await dispatched(['databases', '-config', config]), {
    status: 0,
    stdout: lines(header, `${db}  file,absent`, `${'/other.db'.padEnd(db.length)}  `),
    stderr: '',
  })
})

test('generations of a database: the lag is behind the newer of the database and its WAL', async (t) => {
  const { config, db } = scene(t)
  assert.deepEqual(await dispatched(['generations', '-config', config, db]), {
    status: 0,
    stdout: lines(
      'name  generation        lag   start                 end',
      'file  3d9237bb0a6dd29b  41s   2026-11-22T21:45:26Z  2026-11-22T21:45:33Z',
      'file  5201f1bb7d6ad4a9  3.8s  2026-11-22T21:46:11Z  2026-11-22T21:46:11Z',
    ),
    stderr: '',
  })
})

test('generations of a URL: the lag is behind now; a generation without objects has the times of Go', async (t) => {
  const { box } = scene(t)
  mkdirSync(box.path('replica/generations/ffffffffffffffff'))
  const { status, stdout } = await dispatched(['generations', `file://${box.path('replica')}`])
  assert.equal(status, 0)
  assert.match(stdout, /^file {2}3d9237bb0a6dd29b {2}-?\d+h\d+m\d+s {2,}2026-11-22T21:45:26Z/m)
  assert.match(stdout, /^file {2}f{16} {2}2562047h47m16s {2}0001-01-01T00:00:00Z {2}0001-01-01T00:00:00Z$/m)
})

test('snapshots, of a database and of a URL', async (t) => {
  const { box, config, db } = scene(t)
  const stdout = lines(
    'replica  generation        index  size  created',
    'file     3d9237bb0a6dd29b  0      2892  2026-11-22T21:45:26Z',
    'file     5201f1bb7d6ad4a9  2      5     2026-11-22T21:46:11Z',
  )
  assert.deepEqual(await dispatched(['snapshots', '-config', config, db]), { status: 0, stdout, stderr: '' })
  const url = `file://${box.path('replica')}`
  assert.deepEqual(await dispatched(['snapshots', '-replica', 'ignored', url]), { status: 0, stdout, stderr: '' })
})

test('wal, of a database and of one generation', async (t) => {
  const { config, db } = scene(t)
  const header = 'replica  generation        index  offset  size  created'
  const stdout = lines(
    header,
    'file     3d9237bb0a6dd29b  0      0       487   2026-11-22T21:45:26Z',
    'file     3d9237bb0a6dd29b  0      16512   2382  2026-11-22T21:45:33Z',
    'file     3d9237bb0a6dd29b  10     0       9     2026-11-22T21:45:30Z',
  )
  assert.deepEqual(await dispatched(['wal', '-config', config, db]), { status: 0, stdout, stderr: '' })
  const one = (generation: string) => dispatched(['wal', '-config', config, '-generation', generation, db])
  assert.equal((await one(first)).stdout, stdout)
  assert.equal((await one(second)).stdout, 'replica  generation  index  offset  size  created\n')
  assert.equal((await one('../..')).status, 64)
})

test('-replica picks one; an absent one has no rows', async (t) => {
  const { config, db } = scene(t)
  const { status, stdout } = await dispatched(['snapshots', '-config', config, '-replica', 'absent', db])
  assert.deepEqual([status, stdout], [0, 'replica  generation  index  size  created\n'])
})

test('A replica that cannot be listed is an ERROR line on stderr; the others show, the status stays 0', async (t) => {
  const { box, db } = scene(t)
  const config = box.path('d.yml')
  const replicas = [{ name: 'bad', path: box.path('app.db') }, { path: box.path('replica') }]
  writeFileSync(config, JSON.stringify({ dbs: [{ path: db, replicas }] }))
  for (const command of ['generations', 'snapshots', 'wal']) {
    const { status, stdout, stderr } = await dispatched([command, '-config', config, db])
    assert.equal(status, 0)
    assert.match(stdout, /^file +3d9237bb0a6dd29b/m)
    assert.match(stderr, /^time=2026\S+ level=ERROR msg="cannot list replica" db=\S+ replica=bad error=".*app\.db/)
    assert.equal(stderr.split('\n').length, 2)
  }
  const { status, stderr } = await dispatched(['wal', `file://${db}`])
  assert.equal(status, 0)
  assert.match(stderr, /^2026\/01\/01 00:00:00 ERROR cannot list replica replica=file error=/)
})

test('Without its database, generations says how to list all the same', async (t) => {
  const { config } = scene(t)
  const { status, stdout, stderr } = await dispatched(['generations', '-config', config, '/other.db'])
  assert.deepEqual([status, stdout], [73, ''])
  assert.match(
    stderr,
    /msg="failed to run" error="\/other\.db does not exist; to list its replica, give the replica's URL"\n$/,
  )
})

test('A database or replica that is not in the configuration is status 64, and the message lists what is', async (t) => {
  const { config, db } = scene(t)
  const unknown = await dispatched(['wal', '-config', config, '/none.db'])
  assert.equal(unknown.status, 64)
  assert.ok(unknown.stderr.includes(`Database /none.db is not in the configuration, which has: ${db}, /other.db`))
  const replica = await dispatched(['wal', '-config', config, '-replica', 'x', db])
  assert.equal(replica.status, 64)
  assert.ok(replica.stderr.includes(`Database ${db} has no replica \\"x\\"; it has: file, absent`))
})

test('The database may be given by the environment alone', async (t) => {
  const { box, db } = scene(t)
  const env = { WHERRY_DB_PATH: db, WHERRY_REPLICA_URL: `file://${box.path('replica')}` }
  const { status, stdout } = await dispatched(['snapshots', db], env)
  assert.equal(status, 0)
  assert.match(stdout, /^file +3d9237bb0a6dd29b/m)
})

/** What `-json` prints, which must be all that is printed. */
async function json(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await dispatched(args)
  assert.deepEqual([status, stderr], [0, ''])
  return JSON.parse(stdout)
}

test('-json: the same as arrays of objects, with times to the millisecond, and the keys of objects', async (t) => {
  const { box, config, db } = scene(t)
  const flags = ['-json', '-config', config]
  assert.deepEqual(await json('databases', ...flags), [
    {
      path: db,
      replicas: [
        { name: 'file', type: 'file' },
        { name: 'absent', type: 'file' },
      ],
    },
    { path: '/other.db', replicas: [] },
  ])
  mkdirSync(box.path('replica/generations/ffffffffffffffff'))
  assert.deepEqual(await json('generations', ...flags, db), [
    {
      replica: 'file',
      generation: first,
      lag_seconds: 41.776,
      start: '2026-11-22T21:45:26.900Z',
      end: '2026-11-22T21:45:33.100Z',
    },
    {
      replica: 'file',
      generation: second,
      lag_seconds: 3.876,
      start: '2026-11-22T21:46:11.000Z',
      end: '2026-11-22T21:46:11.000Z',
    },
    { replica: 'file', generation: 'ffffffffffffffff', lag_seconds: null, start: null, end: null },
  ])
  assert.deepEqual(await json('snapshots', ...flags, db), [
    {
      replica: 'file',
      generation: first,
      index: 0,
      size_bytes: 2892,
      created_at: '2026-11-22T21:45:26.900Z',
      object: `generations/${first}/snapshots/00000000.snapshot.lz4`,
    },
    {
      replica: 'file',
      generation: second,
      index: 2,
      size_bytes: 5,
      created_at: '2026-11-22T21:46:11.000Z',
      object: `generations/${second}/snapshots/00000002.snapshot.lz4`,
    },
  ])
  const wal = (await json('wal', ...flags, db)) as unknown[]
  assert.equal(wal.length, 3)
  assert.deepEqual(wal[1], {
    replica: 'file',
    generation: first,
    index: 0,
    offset: 16512,
    size_bytes: 2382,
    created_at: '2026-11-22T21:45:33.100Z',
    object: `generations/${first}/wal/00000000_00004080.wal.lz4`,
  })
  assert.deepEqual(await json('wal', '-json', `file://${box.path('absent')}`), [])
})

/** `wherry check` from outside. What each kind of damage is called is in test/engine/check. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { exitStatuses } from '../../../entrypoint/exit-codes.ts'
import { buildReplica } from '../../support/damaged-replica.ts'
import { type Finished, type Sandbox, sandbox } from '../../support/sandbox.ts'
import { noTerminals, openTerminal } from '../../support/terminal.ts'
import { wherry } from '../../support/tool.ts'

async function check(box: Sandbox, ...args: string[]): Promise<Finished> {
  return await box.run([...wherry.command, 'check', ...args], { env: { TMPDIR: box.dir } })
}

/** The cells of a table, each line split at two spaces or more. */
function cells(table: string): string[][] {
  const [rows = ''] = table.split('\n\n')
  return rows
    .trimEnd()
    .split('\n')
    .map((row) => row.trimEnd().split(/ {2,}/))
}

/** What is in a folder but for what Node itself puts there. */
function leftIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== 'node-compile-cache')
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

/** A configuration of databases and the folders of their replicas. */
function configOf(box: Sandbox, databases: Record<string, Record<string, string>>): string[] {
  const dbs = Object.entries(databases).map(([path, replicas]) => ({
    path,
    replicas: Object.entries(replicas).map(([name, folder]) => ({ name, path: folder })),
  }))
  const path = box.path('wherry.yml')
  writeFileSync(path, JSON.stringify({ dbs }))
  return ['-config', path]
}

const header = ['replica', 'generation', 'snapshots', 'segments', 'size', 'from', 'to', 'verdict']

test('A good replica by URL: one row a generation, status 0, and nothing is left in the folder for temporary files', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const { code, stdout, stderr } = await check(box, `file://${replica.root}`)
  assert.deepEqual([code, stderr], [0, ''])
  const [head, row, ...more] = cells(stdout)
  assert.deepEqual([head, more], [header, []])
  assert.deepEqual(
    [row?.[0], row?.[1], row?.[2], row?.[3], row?.[7]],
    ['file', replica.generation, '2', '11', 'restored'],
  )
  assert.deepEqual(leftIn(box.dir), [])
  const quick = await check(box, '-quick', `file://${replica.root}`)
  assert.deepEqual([quick.code, cells(quick.stdout)[1]?.[7]], [0, 'ok'])
})

test('Damage is status 65, and a sentence that names the object and what that means', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const key = replica.keys().at(-1) ?? ''
  writeFileSync(replica.path(key), readFileSync(replica.path(key)).subarray(0, -1))
  const { code, stdout } = await check(box, `file://${replica.root}`)
  assert.equal(code, exitStatuses.ERR_REPLICA_DAMAGED)
  assert.equal(cells(stdout)[1]?.[7], 'damaged')
  const sentence = `replica file: ${key} is cut short; the newest state cannot be restored; -generation ${replica.generation} -index 00000002 restores what was stored before`
  assert.deepEqual(stdout.split('\n').slice(3), [sentence, ''])
  const restored = replica.output()
  const restore = ['restore', '-o', restored, '-generation', replica.generation, '-index', '00000002']
  assert.equal(
    (await box.run([...wherry.command, ...restore, `file://${replica.root}`])).code,
    0,
    'The advice is right',
  )
})

test('All databases of the configuration, each replica; the worst counts', async (t) => {
  const box = sandbox(t)
  const [good, bad] = [buildReplica(t, true), buildReplica(t, false)]
  rmSync(bad.path(bad.keys().find((key) => key.includes('00000003_00000000')) ?? ''))
  writeFileSync(box.path('file'), '')
  const [one, two] = [box.path('one.db'), box.path('two.db')]
  const config = configOf(box, {
    [one]: { main: good.root, empty: box.path('empty') },
    [two]: { main: bad.root, odd: box.path('file') },
  })
  const { code, stdout, stderr } = await check(box, ...config)
  assert.equal(code, exitStatuses.ERR_REPLICA_DAMAGED)
  const rows = cells(stdout).map((row) => [row[0], row[1], row.at(-1)])
  assert.deepEqual(rows, [
    ['database', 'replica', 'verdict'],
    [one, 'main', 'restored'],
    [one, 'empty', 'empty'],
    [two, 'main', 'damaged'],
    [two, 'odd', 'not checked'],
  ])
  assert.match(stdout, new RegExp(`^replica empty of ${one}: it answers, and holds nothing$`, 'm'))
  assert.match(stderr, /level=ERROR msg="cannot check replica" db=\S+two\.db replica=odd error=/)

  const only = await check(box, ...config, one)
  assert.equal(only.code, exitStatuses.ERR_NO_BACKUP)
  assert.deepEqual(cells(only.stdout)[0], header)
  assert.equal((await check(box, ...config, '-replica', 'main', one)).code, 0)
  assert.equal((await check(box, ...config, '-replica', 'odd')).code, exitStatuses.ERR_STORAGE_LOCAL)
  assert.equal((await check(box, ...config, '-replica', 'odd', two)).code, exitStatuses.ERR_STORAGE_LOCAL)
})

test('-json is one object with the fields that are documented, and nothing else', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const lost = replica.keys().find((key) => key.includes('00000001_00000000')) ?? ''
  rmSync(replica.path(lost))
  const db = box.path('app.db')
  const config = configOf(box, { [db]: { main: replica.root, none: box.path('none') } })
  const { code, stdout } = await check(box, '-json', ...config)
  assert.equal(code, exitStatuses.ERR_REPLICA_DAMAGED)
  const report = JSON.parse(stdout)
  const [main, none] = report.replicas
  const { start, end, size_bytes, ...generation } = main.generations[0]
  assert.ok(Date.parse(start) <= Date.parse(end) && size_bytes > 0)
  const { updated_at, elapsed_seconds, ...restored } = main.restored
  assert.equal(updated_at, end)
  assert.equal(typeof elapsed_seconds, 'number')
  assert.deepEqual(
    { ...report, replicas: [{ ...main, generations: [generation], restored }, none] },
    {
      ok: false,
      replicas: [
        {
          database: db,
          replica: 'main',
          type: 'file',
          verdict: 'damaged',
          error: null,
          newest_generation: replica.generation,
          generations: [{ generation: replica.generation, verdict: 'damaged', snapshots: 2, segments: 10 }],
          faults: [
            {
              generation: replica.generation,
              object: lost,
              problem: `${lost} is missing`,
              affects: 'older',
              consequence: 'states of WAL index 00000001 cannot be restored; newer ones do not need it',
            },
          ],
          doubts: [],
          restored: {
            position: `${replica.generation}/00000003:${replica.wal().length}`,
            pages: restored.pages,
            size_bytes: restored.pages * 4096,
            integrity: 'ok',
            integrity_note: null,
          },
        },
        {
          database: db,
          replica: 'none',
          type: 'file',
          verdict: 'empty',
          error: null,
          newest_generation: null,
          generations: [],
          faults: [],
          doubts: [],
          restored: null,
        },
      ],
    },
  )
})

test('A copy goes beside the database; without a folder that can be written to there is none, and the status tells', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  mkdirSync(box.path('data'))
  const config = configOf(box, { [box.path('data', 'app.db')]: { main: replica.root } })
  // Node would make the folder for its cache.
  const nowhere = { env: { TMPDIR: box.path('absent'), NODE_DISABLE_COMPILE_CACHE: '1' } }
  const run = (...args: string[]) => box.run([...wherry.command, 'check', ...config, ...args], nowhere)
  assert.equal((await run()).code, 0)
  assert.deepEqual(readdirSync(box.path('data')), [])
  rmSync(box.path('data'), { recursive: true })
  const { code, stdout } = await run()
  assert.equal(code, exitStatuses.ERR_OUTPUT_ACCESS)
  assert.match(stdout, / {2}ok\n\n.*: no copy was restored: There is no folder with room .* name one with TMPDIR\n$/)
  assert.equal((await run('-quick')).code, 0)
})

test('What a check that was killed left is removed by the next one', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const left = ['', '-wal', '-lock'].map((suffix) => `wherry-check.0123456789abcdef.tmp${suffix}`)
  for (const name of left) writeFileSync(box.path(name), '')
  assert.equal((await check(box, `file://${replica.root}`)).code, 0)
  assert.deepEqual(leftIn(box.dir), [])
})

test('A signal ends a check that waits for a storage', async (t) => {
  const box = sandbox(t)
  const server = createServer((socket) => void t.after(() => socket.on('error', () => {}).destroy()))
  const port = await listen(t, server)
  const s3 = { url: 's3://bucket/path', endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' }
  const config = box.path('wherry.yml')
  writeFileSync(
    config,
    JSON.stringify({
      'access-key-id': 'key',
      'secret-access-key': 'secret',
      dbs: [{ path: box.path('app.db'), replicas: [s3] }],
    }),
  )
  const program = box.start([...wherry.command, 'check', '-config', config])
  await once(server, 'connection')
  assert.deepEqual(await program.stop('SIGTERM'), { code: 143, signal: null }, program.tail())
  assert.deepEqual(leftIn(box.dir), ['wherry.yml'])
})

test('On a terminal a bar says how far it is, and makes room for the table', { skip: noTerminals }, async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const command = ['env', 'TERM=xterm', ...wherry.command, 'check', `file://${replica.root}`]
  const { program } = await openTerminal(box, command)
  assert.equal((await program.ended).code, 0, program.tail())
  assert.match(program.stdout, /\rchecking {2}\[ *=* *\] {2}[ \d]+% {2}[\d.]+ k?B \/ [\d.]+ k?B/)
  assert.ok(program.stdout.includes('\r\x1b[2Kreplica  generation'), 'The bar goes before the table comes')
  const dumb = await openTerminal(box, command.slice(2))
  assert.equal((await dumb.program.ended).code, 0)
  assert.ok(!dumb.program.stdout.includes('\x1b'), 'A dumb terminal gets no bar')
})

test('A wrong command line is status 64', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true).root
  const config = configOf(box, { [box.path('app.db')]: { main: box.path('replica') } })
  for (const args of [
    ['a', 'b'],
    ['/other.db'],
    ['-replica', 'x'],
    ['-generation', '../..'],
    ['-config', 'x', 'file:///x'],
    ['-replica', 'file', `file://${replica}`],
  ]) {
    const flags = args.some((arg) => arg.startsWith('file:')) ? [] : config
    assert.equal((await check(box, ...flags, ...args)).code, exitStatuses.ERR_USAGE, args.join(' '))
  }
  const folder = join(box.dir, 'none.yml')
  assert.equal((await check(box, '-config', folder)).code, exitStatuses.ERR_CONFIG)
})

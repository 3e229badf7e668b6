/** What `wherry run` does with its app: signals, exit statuses, the order of things, the last row. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import type { Program } from '../../support/program.ts'
import { restore } from '../../support/replication.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'

const app = join(import.meta.dirname, 'notes-app.ts')

function environment(box: Sandbox): { WHERRY_DB_PATH: string; WHERRY_REPLICA_URL: string } {
  return { WHERRY_DB_PATH: box.path('app.db'), WHERRY_REPLICA_URL: `file://${box.path('replica')}` }
}

function startRun(box: Sandbox, ...command: string[]): Program {
  return box.start([...wherry.command, 'run', '--', ...command], { env: environment(box) })
}

function startNotes(box: Sandbox, ...how: string[]): Program {
  return startRun(box, process.execPath, app, box.path('app.db'), ...how)
}

/** The rows of the newest state in the replica. */
async function storedNotes(box: Sandbox): Promise<unknown[]> {
  const output = await restore(box, wherry, { from: `file://${box.path('replica')}`, output: box.path('stored.db') })
  const db = new Database(output, { readonly: true })
  try {
    return db.prepare('SELECT text FROM notes').pluck().all()
  } finally {
    db.close()
  }
}

for (const status of [0, 1, 2, 42, 255]) {
  test(`the app exits at once with ${status}: so does Wherry, and its row is stored`, async (t) => {
    const box = sandbox(t)
    const run = startNotes(box, 'exit', String(status))
    assert.deepEqual(await run.ended, { code: status, signal: null }, run.tail())
    assert.deepEqual(await storedNotes(box), ['first'])
  })
}

for (const [signal, status] of [
  ['TERM', 143],
  ['KILL', 137],
  ['SEGV', 139],
] as const) {
  test(`the app dies by SIG${signal}: ${status}`, async (t) => {
    const run = startRun(sandbox(t), 'sh', '-c', `kill -${signal} $$`)
    assert.equal((await run.ended).code, status, run.tail())
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  for (const status of [0, 1, 143]) {
    test(`${signal} reaches the app, whose last row is stored although it exits with ${status}`, async (t) => {
      const box = sandbox(t)
      const run = startNotes(box, 'wait', String(status))
      await run.waitForOutput(/ready/)
      run.kill(signal)
      assert.equal((await run.ended).code, status, run.tail())
      assert.deepEqual(await storedNotes(box), ['first', `last, at ${signal}`])
    })
  }
}

test('replicate -exec ends like its command, with its last row stored', async (t) => {
  const box = sandbox(t)
  const command = `'${process.execPath}' '${app}' '${box.path('app.db')}' wait 7`
  const { WHERRY_DB_PATH, WHERRY_REPLICA_URL } = environment(box)
  const run = box.start([...wherry.command, 'replicate', '-exec', command, WHERRY_DB_PATH, WHERRY_REPLICA_URL])
  await run.waitForOutput(/ready/)
  run.kill('SIGTERM')
  assert.equal((await run.ended).code, 7, run.tail())
  assert.deepEqual(await storedNotes(box), ['first', 'last, at SIGTERM'])
})

test('an app that takes its time after SIGTERM is waited for', async (t) => {
  const box = sandbox(t)
  const run = startNotes(box, 'stubborn', '0')
  await run.waitForOutput(/ready/)
  run.kill('SIGTERM')
  assert.equal((await run.ended).code, 0, run.tail())
  assert.deepEqual(await storedNotes(box), ['first', 'last, at SIGTERM'])
})

test('a lost volume is restored before the first instruction of the app', async (t) => {
  const box = sandbox(t)
  for (const found of [0, 1, 2]) {
    const run = startNotes(box, 'exit', '0')
    assert.equal((await run.ended).code, 0, run.tail())
    assert.match(run.stdout, new RegExp(`^found ${found}$`, 'm'))
    for (const name of readdirSync(box.dir)) {
      if (name.startsWith('app.db') || name === '.app.db-wherry') rmSync(box.path(name), { recursive: true })
    }
    if (found === 1) writeFileSync(box.path('app.db'), '') // as after an open without a write
  }
})

test('arguments reach the app as they are', async (t) => {
  const words = ['two words', '"quoted"', "it's", '$HOME', '', '*', '--', '-config', 'ü\n']
  const run = startRun(sandbox(t), process.execPath, '-p', 'JSON.stringify(process.argv.slice(1))', '--', ...words)
  assert.equal((await run.ended).code, 0, run.tail())
  assert.deepEqual(JSON.parse(run.stdout), words)
})

test('standard output is the app’s alone', async (t) => {
  const run = startRun(sandbox(t), 'echo', 'hello')
  assert.equal((await run.ended).code, 0, run.tail())
  assert.equal(run.stdout, 'hello\n')
})

test('a missing command: 127; one that cannot be executed: 126', async (t) => {
  const box = sandbox(t)
  const missing = startRun(box, '/nowhere/app')
  assert.equal((await missing.ended).code, 127)
  assert.match(missing.stderr, /\/nowhere\/app was not found/)
  writeFileSync(box.path('script'), '#!/nowhere/interpreter\n')
  chmodSync(box.path('script'), 0o755)
  assert.equal((await startRun(box, box.path('script')).ended).code, 127)
  chmodSync(box.path('script'), 0o644)
  const plain = startRun(box, box.path('script'))
  assert.equal((await plain.ended).code, 126)
  assert.match(plain.stderr, /script could not be started/)
  assert.equal((await startRun(box, box.dir).ended).code, 126)
})

test('the app succeeds and its last commit cannot be stored: 75, and the log says why', async (t) => {
  const box = sandbox(t)
  const run = startNotes(box, 'wait', '0')
  await run.waitForOutput(/snapshot written/)
  renameSync(box.path('replica'), box.path('moved'))
  writeFileSync(box.path('replica'), 'a file where the folder was')
  run.kill('SIGTERM')
  assert.equal((await run.ended).code, 75, run.tail())
  assert.match(run.stderr, /The last commits of .*app\.db are not in replica file: .*replica/)
})

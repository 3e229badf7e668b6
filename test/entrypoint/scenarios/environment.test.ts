/** Scenarios 33 to 40: the app's input, output and surroundings. */
import assert from 'node:assert/strict'
import { createHash, randomFillSync } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { processTree, treePeakBytes } from '../../support/process-tree.ts'
import type { Program } from '../../support/program.ts'
import { waitUntil } from '../../support/wait.ts'
import { readOnly, withoutNamespaces } from './namespace.ts'
import { appReady, end, fixture, notes, Stage, stageOnS3, type Variables } from './stage.ts'

const CONFIG = 78

interface Description {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

async function described(run: Program): Promise<Description> {
  assert.equal((await end(run)).code, 0, run.tail())
  return JSON.parse(run.stdout) as Description
}

test('33: arguments with spaces, quotes, $ and nothing in them arrive intact', async (t) => {
  const words = ['two words', '"double"', "it's", '$HOME', '`id`', '', '*', '--', '-config', 'back\\slash', 'ü\n']
  const { args } = await described(new Stage(t).run(fixture('describe.ts', ...words)))
  assert.deepEqual(args, words)
})

test('34: standard input is passed through', async (t) => {
  const input = 'a line\n'.repeat(50_000)
  const run = new Stage(t).run(['cat'], {}, input)
  assert.equal((await end(run)).code, 0, run.tail())
  assert.equal(run.stdout, input)
})

test('34: a standard input that is closed is no crash', async (t) => {
  const stage = new Stage(t)
  const closing = ['sh', '-c', 'exec "$@" <&-', 'sh']
  const run = stage.box.start([...closing, ...stage.commandLine(['echo', 'alive'])], { env: stage.variables })
  assert.equal((await end(run)).code, 0, run.tail())
  assert.equal(run.stdout, 'alive\n')
})

test("35: the reader of both outputs is gone: no crash, and the app's last row is stored", async (t) => {
  const stage = new Stage(t)
  const file = stage.box.path('status')
  const script = `{ "$@"; echo "$?" >'${file}'; } 2>&1 | sed -n '/^ready/{p;q}'`
  const app = notes(stage.db, 'wait', '0')
  const shell = stage.box.start(['sh', '-c', script, 'sh', ...stage.commandLine(app)], { env: stage.variables })
  const pid = await appReady(shell)
  // The last stage of a pipeline; its end closes the pipe.
  await waitUntil('End of the reader', () => processTree(shell.pid).every((each) => !isReader(each)))
  process.kill(parentOf(pid), 'SIGTERM')
  assert.equal((await end(shell)).code, 0, shell.tail())
  assert.equal(readFileSync(file, 'utf8'), '0\n')
  assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
})

function isReader(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sed\n'
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

test('36: 100 MB of output through a slow reader: nothing is lost, and memory stays bounded', async (t) => {
  const stage = new Stage(t)
  const bytes = randomFillSync(Buffer.alloc(100e6))
  const file = stage.box.path('bytes')
  writeFileSync(file, bytes)
  // `cat` fails when its output does not take all of it, as that of a supervisor's asynchronous pipe may not.
  const app = ['sh', '-c', 'cat "$1" && echo "ready $$" >&2 && exec sleep 1000', 'sh', file]
  const script = `"$@" | { sleep 1; head -c ${bytes.length} | sha256sum; cat >/dev/null; }`
  const shell = stage.box.start(['sh', '-c', script, 'sh', ...stage.commandLine(app)], { env: stage.variables })
  const supervisor = parentOf(await appReady(shell))
  const [, hash] = await shell.waitForOutput(/^([0-9a-f]{64}) /m, 60_000)
  assert.equal(hash, createHash('sha256').update(bytes).digest('hex'))
  assert.ok(treePeakBytes(supervisor) < bytes.length * 2, `${treePeakBytes(supervisor)} bytes`)
  process.kill(supervisor, 'SIGTERM')
  await end(shell)
})

const KEY_ID = 'WHERRY_REPLICA_ACCESS_KEY_ID'
const SECRET = 'WHERRY_REPLICA_SECRET_ACCESS_KEY'

test('37: credentials from files, without the newline at the end, and not for the app', async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  const fromFiles: Record<string, string | undefined> = {}
  for (const [name, value] of [
    [KEY_ID, 'key-id-from-a-file'],
    [SECRET, 'secret-from-a-file'],
  ] as const) {
    writeFileSync(stage.box.path(name), `${value}\n`)
    fromFiles[name] = undefined
    fromFiles[`${name}_FILE`] = stage.box.path(name)
  }
  const { env } = await described(stage.run(fixture('describe.ts'), fromFiles))
  assert.deepEqual([...s3.accessKeyIds], ['key-id-from-a-file'])
  assert.doesNotMatch(JSON.stringify(env), /from-a-file|ACCESS_KEY/)
})

test('37: a credential and its file, both set: an error, and the app is not started', async (t) => {
  const { stage } = await stageOnS3(t)
  writeFileSync(stage.box.path('secret'), 'secret-from-a-file\n')
  const run = stage.run(['touch', stage.box.path('ran')], { [`${SECRET}_FILE`]: stage.box.path('secret') })
  assert.equal((await end(run)).code, CONFIG, run.tail())
  assert.match(run.stderr, new RegExp(`${SECRET}.*${SECRET}_FILE`))
  assert.doesNotMatch(run.stderr, /secret-from-a-file|secret-of-test/)
  assert.equal(existsSync(stage.box.path('ran')), false)
})

test("38: the engine's credentials are not in the app's environment, in logs or in any command line", async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  const secrets = ['key-id-of-test', 'secret-of-test', 'litestream-secret']
  const variables: Variables = {
    LITESTREAM_SECRET_ACCESS_KEY: 'litestream-secret',
    LITESTREAM_ACCESS_KEY_ID: 'litestream-id',
    WHERRY_LOG_LEVEL: 'debug',
  }
  const run = stage.run(notes(stage.db, 'wait', '0'), variables)
  const app = await appReady(run)
  await run.waitForOutput(/snapshot written/)
  assert.ok(s3.accessKeyIds.has('key-id-of-test'))
  const seen = [
    readFileSync(`/proc/${app}/environ`, 'utf8'),
    ...stage.box.alive().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
  ]
  assert.equal((await run.stop('SIGTERM', 60_000)).code, 0, run.tail())
  for (const text of [...seen, run.output]) {
    for (const secret of secrets) assert.equal(text.includes(secret), false, `${secret} in ${text}`)
  }
})

test('38: unless they are asked for', async (t) => {
  const { stage } = await stageOnS3(t)
  const { env } = await described(stage.run(fixture('describe.ts'), { WHERRY_PASS_ENV: `${KEY_ID},${SECRET}` }))
  assert.deepEqual([env[KEY_ID], env[SECRET]], ['key-id-of-test', 'secret-of-test'])
})

test('39: a read-only root file system and a user that nobody knows: it works', {
  skip: withoutNamespaces(),
}, async (t) => {
  const stage = new Stage(t, { runner: readOnly })
  for (const folder of [stage.box.dir, dirname(stage.db)]) chownSync(folder, 12345, 12345)
  for (const rows of [1, 2]) {
    const run = stage.run(['sh', '-c', 'id -u; touch /x 2>&1; exec "$@"', 'sh', ...notes(stage.db, 'exit', '0')])
    assert.equal((await end(run)).code, 0, run.tail())
    assert.match(run.stdout, /^12345\n.*Read-only file system/)
    assert.equal((await stage.storedNotes()).length, rows)
    stage.loseVolume()
  }
})

test('40: the app has the descriptors 0, 1 and 2, and keeps the working directory', async (t) => {
  const stage = new Stage(t)
  // Node reads the certificates that this names in a thread, through a descriptor that a child started meanwhile inherits.
  const variables = { NODE_EXTRA_CA_CERTS: undefined }
  const run = stage.run(['sh', '-c', 'sleep 1000 & echo "ready $$"; wait'], variables)
  const pid = await appReady(run)
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`).map(Number).sort(), [0, 1, 2])
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), stage.box.dir)
  assert.equal((await run.stop('SIGTERM', 60_000)).code, 143, run.tail())
})

test('40: or it gets the one that is configured', async (t) => {
  const stage = new Stage(t)
  mkdirSync(stage.box.path('elsewhere'))
  const { cwd } = await described(stage.run(fixture('describe.ts'), { WHERRY_CWD: stage.box.path('elsewhere') }))
  assert.equal(cwd, stage.box.path('elsewhere'))
})

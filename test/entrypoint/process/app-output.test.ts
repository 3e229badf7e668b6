/** What an app writes and reads goes past Wherry. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { processStat, processTree, treePeakBytes } from '../../support/process-tree.ts'
import { sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil, within } from '../../support/wait.ts'

const OUTPUT_BYTES = 100 << 20
const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' }

/** `wherry run` of a program in JavaScript, its log and its outputs being pipes that the test reads or not. */
function startRun(t: TestContext, code: string) {
  const box = sandbox(t)
  const [file = '', ...args] = [...wherry.command, 'run', '--', process.execPath, '-e', code]
  const env = {
    ...process.env,
    WHERRY_DB_PATH: box.path('app.db'),
    WHERRY_REPLICA_URL: `file://${box.path('replica')}`,
  }
  const run = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => run.kill('SIGKILL'))
  return run
}

/** The first output of the app that comes from now on. */
function begun(run: ReturnType<typeof startRun>): Promise<unknown[]> {
  return within('Output of the app', 30_000, once(run.stdout, 'data'))
}

function ended(run: ReturnType<typeof startRun>, event = 'exit'): Promise<unknown[]> {
  return within('The end', 30_000, once(run, event))
}

/** Bytes that differ everywhere, so that what is lost, doubled or out of order shows. */
const flood = `
const { writeSync } = require('node:fs')
const hash = require('node:crypto').createHash('sha256')
let left = ${OUTPUT_BYTES}
for (let block = 0; left > 0; block++) {
  const bytes = Buffer.alloc(1 << 20).fill('block ' + block + ' ')
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
  hash.update(bytes)
  left -= bytes.length
}
writeSync(2, 'sum ' + hash.digest('hex') + '\\n')
`

test('100 MB of output: nothing is lost, and nothing of it goes through Wherry’s memory', onLinux, async (t) => {
  const run = startRun(t, flood)
  const hash = createHash('sha256')
  let bytes = 0
  let peakBytes = 0
  run.stdout.on('data', (data: Buffer) => {
    bytes += data.length
    hash.update(data)
    if (bytes % (10 << 20) < data.length) peakBytes = Math.max(peakBytes, treePeakBytes(run.pid ?? 0))
  })
  let log = ''
  run.stderr.setEncoding('utf8').on('data', (data) => {
    log += data
  })
  const [code] = await ended(run, 'close')
  assert.deepEqual([code, bytes], [0, OUTPUT_BYTES], log)
  assert.equal(/sum (\w+)/.exec(log)?.[1], hash.digest('hex'))
  assert.ok(peakBytes > 0 && peakBytes < 3 * OUTPUT_BYTES, `Wherry and the app had ${peakBytes} bytes`)
})

test('the reader of standard output goes away: the app gets EPIPE, Wherry ends with its status', async (t) => {
  const code = `
    process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 5 : 6))
    setInterval(() => process.stdout.write('tick\\n'), 5)
  `
  const run = startRun(t, code)
  await begun(run)
  run.stdout.destroy()
  run.stderr.resume()
  assert.deepEqual(await ended(run), [5, null])
})

test('the reader of the log goes away: the app goes on, and is stopped cleanly', async (t) => {
  const code = `
    process.on('SIGTERM', () => process.exit(4))
    console.log('ready')
    process.stdin.on('data', (data) => process.stdout.write(data))
  `
  const run = startRun(t, code)
  run.stderr.destroy()
  await begun(run)
  run.stdin.write('still there')
  assert.equal(String((await begun(run))[0]), 'still there')
  run.kill('SIGTERM')
  assert.deepEqual(await ended(run), [4, null])
})

test('nobody reads anything: the app waits, Wherry does not, and both end', onLinux, async (t) => {
  const code = `
    const { writeSync } = require('node:fs')
    for (;;) writeSync(2, 'x'.repeat(1000) + '\\n')
  `
  const run = startRun(t, code)
  const app = await waitUntil('An app that waits', () => {
    const child = processTree(run.pid ?? 0).at(1)
    // Asleep on a full pipe, and not because it has not begun.
    return (
      child !== undefined && processStat(child)?.state === 'S' && (processStat(child)?.cpuSeconds ?? 0) > 0 && child
    )
  })
  assert.ok(app)
  run.kill('SIGTERM')
  assert.deepEqual(await ended(run), [143, null])
})

test('nothing that Wherry does makes a write of the app fail with EAGAIN', onLinux, async (t) => {
  const host = join(import.meta.dirname, 'shared-output-host.ts')
  const box = sandbox(t)
  // Pipes as a shell makes them, and those of this test, which are sockets.
  const pipes = ['sh', '-c', '{ "$@" 2>&1 >&3 | cat; } 3>&1 | cat', 'sh', process.execPath, host]
  for (const command of [pipes, [process.execPath, host]]) {
    const { stdout, stderr } = await box.run(command)
    const output = stdout + stderr
    assert.deepEqual(output.match(/nonblocking=\w+/g), ['nonblocking=false', 'nonblocking=false'], output)
    assert.match(output, /a warning"? name=Warning/)
  }
})

test('a command’s output is complete however late it is read', async (t) => {
  const box = sandbox(t)
  // More than a pipe holds.
  const paths = Array.from({ length: 3000 }, (_, number) => box.path(`database-${number}.db`))
  writeFileSync(box.path('wherry.yml'), JSON.stringify({ dbs: paths.map((path) => ({ path })) }))
  const list = [...wherry.command, 'databases', '-config', box.path('wherry.yml')]
  const { code, stdout } = await box.run(['sh', '-c', '"$@" | (sleep 0.5; cat)', 'sh', ...list])
  assert.equal(code, 0)
  assert.deepEqual(stdout.match(/\S+\.db/g), paths)
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pidOneWarning } from '../../../entrypoint/process/pid-one.ts'
import { processTree } from '../../support/process-tree.ts'
import { sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { within } from '../../support/wait.ts'

const fixture = join(import.meta.dirname, 'guard-host.ts')
const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

const ended = (child: ChildProcess): Promise<unknown[]> => within('The end', 20_000, once(child, 'close'))

/** The fixture, once it is ready, and what it has written so far. */
async function startGuarded(t: TestContext, state: string[], wrapper: string[] = []) {
  const [file = '', ...args] = [...wrapper, process.execPath, fixture, ...state]
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (data) => (output.text += data))
  while (!output.text.includes('ready')) await once(child.stdout, 'data')
  return { child, output }
}

for (const signal of signals.slice(0, -1)) {
  test(`${signal} before anything has begun ends the program, and opens no debugger`, async (t) => {
    const { child, output } = await startGuarded(t, [])
    child.kill(signal)
    const end = await ended(child)
    assert.deepEqual(end, signal === 'SIGUSR1' ? [138, null] : [null, signal])
    assert.match(output.text, /^ready \d+\n$/)
  })
}

test('every signal that is taken is delivered; the first that asks to stop aborts', async (t) => {
  const { child, output } = await startGuarded(t, ['taken'])
  for (const signal of signals.toReversed()) {
    child.kill(signal)
    while (!output.text.includes(signal)) await once(child.stdout, 'data')
  }
  child.stdin.end()
  assert.deepEqual(await ended(child), [3, null])
  const got = signals.toReversed().map((signal) => `got ${signal}`)
  assert.deepEqual(output.text.trim().split('\n').slice(1), [...got, 'first SIGQUIT, aborted true'])
})

test('a program that has given its signals back ends by itself', async (t) => {
  const { child, output } = await startGuarded(t, ['closed'])
  for (const signal of signals) child.kill(signal)
  child.stdin.end()
  assert.deepEqual(await ended(child), [3, null])
  assert.match(output.text, /first undefined, aborted false/)
})

const namespaces = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`process 1 ends by ${signal} too`, {
    skip: !namespaces && 'needs the right to make a PID namespace',
  }, async (t) => {
    const { child, output } = await startGuarded(t, [], ['unshare', '--pid', '--fork', '--kill-child'])
    assert.equal(output.text, 'ready 1\n')
    const [, inner = 0] = processTree(child.pid ?? 0)
    process.kill(inner, signal)
    assert.equal((await ended(child))[0], signal === 'SIGTERM' ? 143 : 130)
  })
}

test('process 1 is warned about what it cannot do', () => {
  assert.match(pidOneWarning(1) ?? '', /zombies.*--init/)
  assert.equal(pidOneWarning(2), undefined)
})

test('SIGTERM in the first moments is never lost, and nothing is left running', async (t) => {
  const box = sandbox(t)
  for (let delayMs = 0; delayMs <= 200; delayMs += 20) {
    const env = { WHERRY_DB_PATH: box.path('app.db'), WHERRY_REPLICA_URL: `file://${box.path('replica')}` }
    const run = box.start([...wherry.command, 'run', '--', 'sleep', '1000'], { env })
    await sleep(delayMs)
    const { code, signal } = await run.stop('SIGTERM')
    assert.ok(code === 143 || signal === 'SIGTERM', `${delayMs} ms: ${code} ${signal}\n${run.tail()}`)
  }
})

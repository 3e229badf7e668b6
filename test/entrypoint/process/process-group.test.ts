/** Signals, and the group of processes that they go to, where there is no terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processStat } from '../../support/process-tree.ts'
import { sandbox } from '../../support/sandbox.ts'
import { noTerminals } from '../../support/terminal.ts'
import { waitUntil } from '../../support/wait.ts'
import { endOf, shellLine, signalApp, startHost } from './host.ts'

const needsProc = { skip: process.platform !== 'linux' && 'needs /proc' }

/** A pattern that matches the ids that a shell printed after `left`. */
const LEFT = /left (\d+)/

test('every signal reaches the app exactly once, and opens no debugger', async (t) => {
  const host = startHost(sandbox(t), {}, signalApp('app', 'SIGTERM'))
  await host.waitForOutput(/app ready/)
  const signals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTERM'] as const
  for (const signal of signals) {
    host.kill(signal)
    await host.waitForOutput(new RegExp(`app got ${signal}\n`))
  }
  assert.equal((await endOf(host)).code, 7, host.tail())
  assert.equal(host.stdout, ['app ready', ...signals.map((signal) => `app got ${signal}`), ''].join('\n'))
  assert.doesNotMatch(host.stderr, /Debugger/)
})

for (const stop of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
  test(`${stop} goes to the whole group, SIGHUP to the main process alone`, async (t) => {
    const apps = `${shellLine(signalApp('member', stop))} & exec ${shellLine(signalApp('main', stop))}`
    const host = startHost(sandbox(t), {}, ['sh', '-c', apps])
    await host.waitForOutput(/main ready/)
    await host.waitForOutput(/member ready/)
    host.kill('SIGHUP')
    await host.waitForOutput(/main got SIGHUP/)
    host.kill(stop)
    assert.equal((await endOf(host)).code, 7, host.tail())
    const got = host.stdout
      .split('\n')
      .filter((line) => line.includes('got'))
      .sort()
    assert.deepEqual(got, ['main got SIGHUP', `main got ${stop}`, `member got ${stop}`])
  })
}

test('sh -c "a & b": both die on SIGTERM', async (t) => {
  const host = startHost(sandbox(t), {}, ['sh', '-c', 'sleep 1000 & echo "left $!"; sleep 1000; :'])
  await host.waitForOutput(LEFT)
  assert.equal((await host.stop('SIGTERM')).code, 143)
})

test('what the main process leaves behind is asked to end, and waited for no longer than it takes', async (t) => {
  const host = startHost(sandbox(t), {}, ['sh', '-c', `(${shellLine(signalApp('orphan', 'SIGTERM'))} &); exit 5`])
  assert.equal((await endOf(host)).code, 5)
})

test('what ignores that is killed when the time is over', async (t) => {
  const box = sandbox(t)
  const orphan = shellLine(signalApp('orphan'))
  const wait = 'until grep -q ready "$0"; do sleep 0.01; done'
  const host = startHost(box, { clearMs: 300 }, [
    'sh',
    '-c',
    `${orphan} >"$0" & echo "left $!"; ${wait}; exit 5`,
    box.path('out'),
  ])
  const orphanPid = Number((await host.waitForOutput(LEFT))[1])
  assert.equal((await endOf(host)).code, 5)
  // Who adopted it may not have looked yet.
  assert.ok([undefined, 'Z'].includes(processStat(orphanPid)?.state))
})

test('jobs of a shell have groups of their own and are cleared too', {
  skip: noTerminals || needsProc.skip,
}, async (t) => {
  const host = startHost(sandbox(t), {}, ['bash', '-c', 'set -m; sleep 1000 & echo "left $!"; exit 5'])
  await host.waitForOutput(LEFT)
  assert.equal((await endOf(host)).code, 5)
})

// Its parent has left the session and never looks.
const zombie = `
import os, time
r, w = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.setsid()
    print("left", os.getpid(), flush=True)
    os.write(w, b"x")
    time.sleep(1000)
os.read(r, 1)
os._exit(5)
`

test('a zombie in the group is not waited for', { skip: noTerminals || needsProc.skip }, async (t) => {
  const host = startHost(sandbox(t), {}, ['python3', '-c', zombie])
  const escaped = Number((await host.waitForOutput(LEFT))[1])
  await host.waitForOutput(/host: cleared/)
  process.kill(escaped, 'SIGKILL')
  assert.equal((await endOf(host)).code, 5)
})

test('an app that is stopped is killed all the same, and one that ignores SIGTERM', async (t) => {
  for (const app of ['kill -STOP $$', 'trap "" TERM; sleep 1000']) {
    const host = startHost(sandbox(t), {}, ['sh', '-c', `echo "left $$"; ${app}`])
    const pid = Number((await host.waitForOutput(LEFT))[1])
    await waitUntil('An app that does nothing', () => ['T', 'S'].includes(processStat(pid)?.state ?? ''))
    host.kill('SIGTERM')
    await host.waitForOutput(/host: got SIGTERM/)
    host.kill('SIGTERM')
    assert.equal((await endOf(host)).code, 137, host.tail())
  }
})

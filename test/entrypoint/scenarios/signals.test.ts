/** Scenarios 9 and 11 to 18: what signals do. Number 10 is in terminal.test.ts. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { divideGrace } from '../../../entrypoint/supervisor/grace.ts'

import { waitUntil } from '../../support/wait.ts'
import { appReady, end, fixture, notes, Stage, stageOnS3, timed } from './stage.ts'

/** After that a second signal is one. */
const NO_ECHO_MS = 300

/** Long enough that whoever waits it out is noticed, however slow this machine is. */
const LONG_GRACE_MS = 60_000
const SHORT_GRACE_MS = 3000

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) {
  test(`9: ${signal} reaches the app exactly once`, async (t) => {
    const stage = new Stage(t)
    const file = stage.box.path('signals')
    const run = stage.run(fixture('count-signals.ts', file))
    await run.waitForOutput(/^ready$/m)
    run.kill(signal)
    await waitUntil('The signal', () => lines(file).length > 0, { explain: () => run.tail() })
    // One that comes after it: a second delivery of the first would have come before this one.
    const after = signal === 'SIGUSR1' ? 'SIGUSR2' : 'SIGUSR1'
    run.kill(after)
    await waitUntil('The signal after it', () => lines(file).includes(after), { explain: () => run.tail() })
    writeFileSync(`${file}.end`, '')
    assert.equal((await end(run)).code, 0, run.tail())
    assert.deepEqual(lines(file), [signal, after])
    assert.doesNotMatch(run.stderr, /Debugger/) // Node's own answer to SIGUSR1
  })
}

for (const [what, verb] of [
  ['the replica is asked', 'LIST'],
  ['the database is restored', 'GET'],
] as const) {
  test(`11: SIGTERM while ${what}: no app, and nothing left half-done`, async (t) => {
    const { stage, s3 } = await stageOnS3(t, { gracePeriodMs: LONG_GRACE_MS })
    await stage.seed()
    s3.hold(verb)
    const run = stage.run(['touch', stage.box.path('ran')])
    await s3.holding(verb, () => run.tail())
    const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
    assert.equal(result.code, 143, run.tail())
    assert.ok(elapsedMs < LONG_GRACE_MS / 2, `ended after ${elapsedMs} ms`)
    assert.equal(existsSync(stage.box.path('ran')), false)
    assert.deepEqual(readdirSync(dirname(stage.db)), [])
  })
}

test('12: SIGTERM at any time from 0 to 200 ms after the start, and until the app runs, is not lost', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const startUp = await timed(async () => {
    const run = stage.run(fixture('exit.sh', '0'))
    assert.equal((await end(run)).code, 0, run.tail())
  })
  const later = Array.from({ length: 20 }, (_, step) => 200 + (step * startUp.elapsedMs) / 20)
  const delays = [...Array.from({ length: 21 }, (_, step) => step * 10), ...later]
  // Two at a time: each is a start of Node.
  await Promise.all([oneAfterTheOther(), oneAfterTheOther()])

  async function oneAfterTheOther(): Promise<void> {
    for (let delayMs = delays.shift(); delayMs !== undefined; delayMs = delays.shift()) await stopAfter(delayMs)
  }

  async function stopAfter(delayMs: number): Promise<void> {
    // A database for each: a lock must not be what holds it up.
    const variables = {
      WHERRY_DB_PATH: stage.box.path(`${delayMs}`, 'app.db'),
      WHERRY_REPLICA_URL: `file://${stage.box.path(`${delayMs}`, 'replica')}`,
    }
    const run = stage.run(['sleep', '1000'], variables)
    await sleep(delayMs)
    const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
    // Node itself ends by the signal as long as it has not run a line of ours.
    assert.ok(
      result.code === 143 || result.signal === 'SIGTERM',
      `after ${delayMs} ms: ${JSON.stringify(result)}\n${run.tail()}`,
    )
    assert.ok(elapsedMs < LONG_GRACE_MS / 2, `after ${delayMs} ms: ended after ${elapsedMs} ms`)
  }
})

test('13: SIGTERM ignored: SIGKILL when the share of the grace is spent, 137', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: SHORT_GRACE_MS })
  const run = stage.run(fixture('deaf.sh'))
  await appReady(run)
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', 60_000))
  assert.equal(result.code, 137, run.tail())
  assertAppShare(elapsedMs)
})

test("14: a second SIGTERM during the app's grace: SIGKILL at once", async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('stubborn.sh'))
  await appReady(run)
  run.kill('SIGTERM')
  await run.waitForOutput(/^heard TERM$/m)
  await sleep(NO_ECHO_MS)
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
  assert.equal(result.code, 137, run.tail())
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

test('14: the same SIGTERM by two ways, as from systemd and an init, is one', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('slow.sh', '4'))
  await appReady(run)
  run.kill('SIGTERM')
  await run.waitForOutput(/signal received/)
  const { result } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
  assert.equal(result.code, 4, run.tail())
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`15: ${signal} during the final sync: it is given up, 75, and the log says so`, async (t) => {
    const { stage, s3 } = await stageOnS3(t, { gracePeriodMs: LONG_GRACE_MS })
    const run = stage.run(notes(stage.db, 'wait', '0'))
    const app = await appReady(run)
    await run.waitForOutput(/snapshot written/)
    s3.hold('PUT')
    run.kill('SIGTERM')
    await s3.holding('PUT', () => run.tail())
    await waitUntil('End of the app', () => !existsSync(`/proc/${app}`), { explain: () => run.tail() })
    await run.waitForOutput(/subprocess exited/)
    await sleep(NO_ECHO_MS)
    const { result, elapsedMs } = await timed(() => run.stop(signal, LONG_GRACE_MS))
    assert.equal(result.code, 75, run.tail())
    assert.match(run.stderr, /level=ERROR .*last commits of .*app\.db/)
    assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
  })
}

test('16: the app exits at once: nothing waits for the end of the grace', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('polite.sh', '5'))
  await appReady(run)
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
  assert.equal(result.code, 5, run.tail())
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

test('17: the app is stopped by SIGSTOP: it is killed all the same', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: SHORT_GRACE_MS })
  const run = stage.run(fixture('polite.sh', '0'))
  process.kill(await appReady(run), 'SIGSTOP')
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', 60_000))
  assert.equal(result.code, 137, run.tail())
  assertAppShare(elapsedMs)
})

test("18: a signal that races the app's end: its status or the signal's, and no crash", async (t) => {
  const stage = new Stage(t)
  for (let delayMs = 0; delayMs < 24; delayMs += 2) {
    const run = stage.run(['sh', '-c', 'echo leaving; exit 3'])
    await run.waitForOutput(/leaving/)
    await sleep(delayMs)
    const { code } = await run.stop('SIGTERM')
    assert.ok(code === 3 || code === 143, `after ${delayMs} ms: ${code}\n${run.tail()}`)
    assert.doesNotMatch(run.stderr, /^ +at |level=ERROR/m)
  }
})

/** Not before the app's share of the short grace period, and not long after its end. */
function assertAppShare(elapsedMs: number): void {
  const { appMs } = divideGrace(SHORT_GRACE_MS)
  assert.ok(elapsedMs > 0.9 * appMs, `ended after ${elapsedMs} ms, before ${appMs}`)
  assert.ok(elapsedMs < 3 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
}

test('13: an app of another user, which cannot be killed: its commits are stored all the same, within the grace', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const stage = new Stage(t, { gracePeriodMs: SHORT_GRACE_MS })
  const asRoot = stage.box.path('as-root')
  copyFileSync(execFileSync('sh', ['-c', 'command -v setpriv'], { encoding: 'utf8' }).trim(), asRoot)
  chmodSync(asRoot, 0o4755)
  for (const folder of [stage.box.dir, dirname(stage.db)]) chmodSync(folder, 0o777)
  const identity = (id: number): string[] => [`--reuid=${id}`, `--regid=${id}`, '--clear-groups']
  const command = stage.commandLine([asRoot, ...identity(0), 'sh', '-c', 'echo "ready $$"; exec sleep 60'])
  const run = stage.box.start(['setpriv', ...identity(12345), ...command], { env: stage.variables })
  const app = await appReady(run)
  // The app holds the outputs, so that Wherry's end is seen by its process alone.
  const { elapsedMs } = await timed(async () => {
    run.kill('SIGTERM')
    await waitUntil('End of Wherry', () => !run.running, { timeoutMs: 5 * SHORT_GRACE_MS, explain: () => run.tail() })
  }).finally(() => process.kill(app, 'SIGKILL'))
  const { code } = await run.ended
  assert.equal(code, 137, run.tail())
  assert.match(run.stderr, /level=ERROR msg="the app cannot be killed/)
  assert.ok(elapsedMs < 2 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
})

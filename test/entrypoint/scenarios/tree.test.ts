/** Scenarios 19 to 23: the processes that an app starts. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { divideGrace } from '../../../entrypoint/supervisor/grace.ts'
import { processStat } from '../../support/process-tree.ts'
import { waitUntil } from '../../support/wait.ts'
import { inNamespace, withoutNamespaces } from './namespace.ts'
import { appReady, end, fixture, Stage, timed } from './stage.ts'

const LONG_GRACE_MS = 60_000
const SHORT_GRACE_MS = 3000

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && processStat(pid)?.state !== 'Z'
}

test('19: an orphan of the app is reaped: no zombie after 2 s', { skip: withoutNamespaces() }, async (t) => {
  const run = new Stage(t, { runner: inNamespace }).run(fixture('orphans.sh'))
  assert.equal((await end(run)).code, 0, run.tail())
  assert.match(run.stdout, /^zombies: $/m)
})

test('20: of "sh -c \'a & b\'" both end at SIGTERM', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(['sh', '-c', 'sleep 1000 & echo "a $!"; sleep 1000'])
  const a = Number((await run.waitForOutput(/^a (\d+)$/m))[1])
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
  assert.equal(result.code, 143, run.tail())
  assert.equal(isAlive(a), false)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

test('20: a shell that must wait for its command before it runs its trap ends at once too', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(['sh', '-c', 'trap "exit 8" TERM; echo "ready $$"; sleep 1000'])
  await appReady(run)
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', LONG_GRACE_MS))
  assert.equal(result.code, 8, run.tail())
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

test('21: a member of the process group that outlives the app gets SIGTERM', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('group.sh', 'polite', '3'))
  const member = Number((await run.waitForOutput(/^member (\d+)$/m))[1])
  const { result, elapsedMs } = await timed(() => end(run))
  assert.equal(result.code, 3, run.tail())
  assert.equal(isAlive(member), false)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

test('21: one that ignores it gets SIGKILL when the share of the grace is spent', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: SHORT_GRACE_MS })
  const run = stage.run(fixture('group.sh', 'deaf', '3'))
  const member = Number((await run.waitForOutput(/^member (\d+)$/m))[1])
  const { result, elapsedMs } = await timed(() => end(run))
  assert.equal(result.code, 3, run.tail())
  assert.equal(isAlive(member), false)
  const { appMs } = divideGrace(SHORT_GRACE_MS)
  assert.ok(elapsedMs > 0.8 * appMs, `ended after ${elapsedMs} ms, before ${appMs}`)
  assert.ok(elapsedMs < 3 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
})

test('22: a process that left for a session of its own is gone with the container', {
  skip: withoutNamespaces(),
}, async (t) => {
  const stage = new Stage(t, { runner: inNamespace, gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('escape.sh', '6'))
  const { result, elapsedMs } = await timed(() => end(run))
  assert.equal(result.code, 6, run.tail())
  assert.match(run.stdout, /^escaped \d+$/m)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
  await waitUntil('End of all processes', () => stage.box.alive().length === 0)
})

test('23: a grandchild that holds the standard output does not hold up the end', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: LONG_GRACE_MS })
  const run = stage.run(fixture('escape.sh', '4'))
  const grandchild = Number((await run.waitForOutput(/^escaped (\d+)$/m))[1])
  const { elapsedMs } = await timed(() => waitUntil('End of Wherry', () => !run.running, { explain: () => run.tail() }))
  assert.equal(isAlive(grandchild), true)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
  process.kill(grandchild, 'SIGKILL')
  // Its output is complete only now.
  assert.deepEqual(await end(run), { code: 4, signal: null }, run.tail())
})

/** Scenarios 31 and 32: the engine fails, and what health says over a life. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultInjector } from '../../support/fault.ts'
import type { Program } from '../../support/program.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'
import { appReady, end, fixture, notes, Stage, stageOnS3, type Variables } from './stage.ts'

const ENGINE_DIED = 70

/** On any free port. */
const LISTEN: Variables = { WHERRY_LISTEN: '127.0.0.1:0' }

interface Health {
  readonly address: string
  /** The status of a path. */
  status(path: string): Promise<number>
  /** Waits until /readyz gives this status. @returns why it is not ready */
  ready(status: 200 | 503): Promise<string>
}

/** The health server of a Wherry that was started with {@link LISTEN}. */
async function healthOf(run: Program): Promise<Health> {
  const [, address = ''] = await run.waitForOutput(/health server listening.* address=(\S+)/)
  const get = async (path: string): Promise<Response> => await fetch(`http://${address}${path}`)
  return {
    address,
    status: async (path) => (await get(path)).status,
    ready: async (status) => {
      const look = async (): Promise<Response | false> => {
        const answer = await get('/readyz')
        return answer.status === status && answer
      }
      const options = { timeoutMs: 30_000, explain: () => run.tail() }
      const answer = await waitUntil(`/readyz with ${status}`, look, options)
      return ((await answer.json()) as { reasons: string[] }).reasons.join('; ')
    },
  }
}

test('31: the engine dies again and again while the app runs, policy stop: the app is asked to end, 70', async (t) => {
  const stage = new Stage(t)
  const fault = faultInjector(stage.box)
  const run = stage.run(notes(stage.db, 'wait', '0'), fault.env)
  await appReady(run)
  await run.waitForOutput(/snapshot written/)
  fault.inject('throw always')
  await run.waitForOutput(/engine failed, stopping/, 60_000)
  fault.mend()
  assert.equal((await end(run)).code, ENGINE_DIED, run.tail())
  // The app wrote it when it was asked to end.
  assert.match(run.stderr, /Injected fault/)
  assert.deepEqual(await stage.localNotes(), ['first', 'last, at SIGTERM'])
})

test('31: the same with the policy continue: the app goes on, health says so, and it mends', async (t) => {
  const stage = new Stage(t)
  const fault = faultInjector(stage.box)
  const variables = { ...fault.env, ...LISTEN, WHERRY_ON_ENGINE_FAILURE: 'continue' }
  const run = stage.run(notes(stage.db, 'wait', '0'), variables)
  const health = await healthOf(run)
  const app = await appReady(run)
  await health.ready(200)
  fault.inject('throw always')
  await run.waitForOutput(/(engine failed.*){2}/s, 60_000)
  assert.match(await health.ready(503), /the engine has failed/)
  assert.equal(existsSync(`/proc/${app}`), true)
  fault.mend()
  await health.ready(200)
  assert.equal((await run.stop('SIGTERM', 60_000)).code, 0, run.tail())
  assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
})

test('31: an engine that dies once is started again, and nobody notices', async (t) => {
  const stage = new Stage(t)
  const fault = faultInjector(stage.box)
  const run = stage.run(notes(stage.db, 'wait', '0'), fault.env)
  await appReady(run)
  fault.inject('throw')
  await run.waitForOutput(/engine restarted/, 30_000)
  assert.equal((await run.stop('SIGTERM', 60_000)).code, 0, run.tail())
  assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
})

test('32: ready only when restored and synced, and no more when stopping', async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  await stage.seed()
  const signals = stage.box.path('signals')
  s3.hold('GET', 'PUT')
  const run = stage.run(fixture('count-signals.ts', signals), LISTEN)
  const health = await healthOf(run)
  const command = async (): Promise<number | null> =>
    (await stage.box.run([...wherry.command, 'health', health.address])).code

  await s3.holding('GET', () => run.tail())
  assert.match(await health.ready(503), /is being restored/)
  assert.equal(await health.status('/livez'), 200)
  assert.equal(await command(), 1)

  // Restored, and nothing can be stored: the app starts all the same, after a while.
  s3.release('GET')
  await run.waitForOutput(/^ready$/m, 60_000)
  assert.match(await health.ready(503), /not synced yet/)

  s3.release('PUT')
  await health.ready(200)
  assert.equal(await command(), 0)

  run.kill('SIGTERM')
  await waitUntil('SIGTERM at the app', () => readFileSync(signals, 'utf8') === 'SIGTERM\n')
  assert.match(await health.ready(503), /stopping/)
  assert.equal(await command(), 1)
  writeFileSync(`${signals}.end`, '')
  assert.equal((await end(run)).code, 0, run.tail())
})

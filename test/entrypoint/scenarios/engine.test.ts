/** Scenarios 31 and 32: the engine fails, and what health says over a life. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync } from 'node:fs'
import { request } from 'node:http'
import { test } from 'node:test'
import { faultInjector } from '../../support/fault.ts'
import type { Program } from '../../support/program.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'
import { appReady, end, fixture, notes, Stage, stageOnS3, type Variables } from './stage.ts'

const ENGINE_DIED = 70

/** The answer of the health server on a socket: status and JSON; undefined while nobody listens. */
async function ask(socketPath: string, path: string): Promise<{ status: number; body: unknown } | undefined> {
  return await new Promise((resolve) => {
    const asked = request({ socketPath, path }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
      })
    })
    asked.on('error', () => resolve(undefined)).end()
  })
}

async function readiness(socketPath: string, status: number, run: Program): Promise<void> {
  const explain = (): string => run.tail()
  await waitUntil(`/readyz with ${status}`, async () => (await ask(socketPath, '/readyz'))?.status === status, {
    explain,
    timeoutMs: 30_000,
  })
}

test('31: the engine dies again and again while the app runs, policy stop: the app is asked to end, 70', async (t) => {
  const stage = new Stage(t)
  const fault = faultInjector(stage.box)
  const run = stage.run(notes(stage.db, 'wait', '0'), fault.env)
  await appReady(run)
  await run.waitForOutput(/snapshot written/)
  fault.inject('throw always')
  await run.waitForOutput(/engine is lost/, 60_000)
  fault.mend()
  assert.equal((await end(run)).code, ENGINE_DIED, run.tail())
  // The app wrote it when it was asked to end.
  assert.match(run.stderr, /Injected fault/)
  assert.deepEqual(await stage.localNotes(), ['first', 'last, at SIGTERM'])
})

test('31: the same with the policy continue: the app goes on, health says so, and it mends', async (t) => {
  const stage = new Stage(t)
  const fault = faultInjector(stage.box)
  const socket = stage.box.path('health.sock')
  const variables: Variables = { ...fault.env, WHERRY_ON_ENGINE_FAILURE: 'continue', WHERRY_LISTEN: `unix:${socket}` }
  const run = stage.run(notes(stage.db, 'wait', '0'), variables)
  const app = await appReady(run)
  await readiness(socket, 200, run)
  fault.inject('throw always')
  await readiness(socket, 503, run)
  await run.waitForOutput(/(engine failed.*){2}/s, 60_000)
  assert.equal(existsSync(`/proc/${app}`), true)
  fault.mend()
  await readiness(socket, 200, run)
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
  const socket = stage.box.path('health.sock')
  const listen = { WHERRY_LISTEN: `unix:${socket}` }
  const signals = stage.box.path('signals')
  const health = async (): Promise<number | null> =>
    (await stage.box.run([...wherry.command, 'health'], { env: { ...stage.variables, ...listen } })).code

  s3.hold('GET', 'PUT')
  const run = stage.run(fixture('count-signals.ts', signals), listen)
  await s3.holding('GET', () => run.tail())
  await readiness(socket, 503, run)
  assert.equal((await ask(socket, '/livez'))?.status, 200)
  assert.notEqual(await health(), 0)

  // Restored, and nothing can be stored: the app starts all the same, after a while.
  s3.release('GET')
  await run.waitForOutput(/^ready$/m, 60_000)
  await readiness(socket, 503, run)
  assert.notEqual(await health(), 0)

  s3.release('PUT')
  await readiness(socket, 200, run)
  assert.equal(await health(), 0)

  run.kill('SIGTERM')
  await waitUntil('SIGTERM at the app', () => existsSync(signals) && run.running)
  await readiness(socket, 503, run)
  assert.notEqual(await health(), 0)
  appendFileSync(`${signals}.end`, '')
  assert.equal((await end(run)).code, 0, run.tail())
})

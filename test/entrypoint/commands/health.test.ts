/** `wherry health` from outside, against servers in this process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { exitStatuses } from '../../../entrypoint/exit-codes.ts'
import { writeConfig } from '../../support/replication.ts'
import { type Finished, type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { begin } from '../health/health-scene.ts'
import { wellVitals } from '../health/vitals.ts'

const restoring = {
  ...wellVitals,
  state: 'restoring',
  app: 'pending',
  isRestored: false,
  restoring: '/data/app.db',
} as const

async function health(box: Sandbox, args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return await box.run([...wherry.command, 'health', ...args], { env })
}

function configFlags(box: Sandbox): string[] {
  return ['-config', writeConfig(box, [{ db: box.path('app.db'), replica: { path: box.path('replica') } }])]
}

test('Asks at the socket beside the database: 0 when ready, 1 and why when not, 69 when nothing answers', async (t) => {
  const box = sandbox(t)
  let vitals: typeof wellVitals = wellVitals
  const { server } = await begin(t, box, { vitals: () => vitals })
  const flags = configFlags(box)
  assert.deepEqual(await health(box, flags), { code: 0, signal: null, stdout: 'ready\n', stderr: '' })
  vitals = { ...restoring, engine: { alive: false, unresponsiveMs: 0, restarts: 0, lastFailure: undefined } }
  const stdout = 'database /data/app.db is being restored\nthe engine has failed\n'
  assert.deepEqual(await health(box, flags), { code: 1, signal: null, stdout, stderr: '' })
  await server?.close()
  const { code, stderr } = await health(box, flags)
  assert.equal(code, 69)
  assert.ok(stderr.startsWith(`nothing answers at unix:${box.path('.app.db-wherry', 'wherry.sock')}: `), stderr)
})

test('-live asks whether it is alive, which it is while it restores', async (t) => {
  const box = sandbox(t)
  await begin(t, box, { vitals: () => restoring })
  const { code, stdout } = await health(box, ['-live', ...configFlags(box)])
  assert.deepEqual([code, stdout], [0, 'live\n'])
})

test('Asks at the configured address, on loopback for all interfaces, and at a given one', async (t) => {
  const box = sandbox(t)
  const { server } = await begin(t, box, { listen: ':0' })
  const port = /\d+$/.exec(server?.address ?? '')?.[0]
  const env = { WHERRY_DB_PATH: box.path('app.db'), WHERRY_REPLICA_URL: `file://${box.path('replica')}` }
  for (const listen of [`:${port}`, `0.0.0.0:${port}`, `[::]:${port}`, `127.0.0.1:${port}`]) {
    const { code, stderr } = await health(box, [], { ...env, WHERRY_LISTEN: listen })
    assert.equal(code, 0, `${listen}: ${stderr}`)
  }
  assert.equal((await health(box, [`:${port}`])).code, 0)
})

test('A server that does not answer is waited for as long as -timeout says; one that is not Wherry is not ready', async (t) => {
  const box = sandbox(t)
  const other = createServer((request, response) => {
    if (request.url === '/livez') response.writeHead(404).end('<h1>Not found</h1>')
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => {
    other.close()
    other.closeAllConnections()
  })
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  const place = `127.0.0.1:${address.port}`
  const silent = await health(box, ['-timeout', '200ms', place])
  assert.deepEqual([silent.code, silent.stderr], [69, `nothing answers at ${place}: not within 200ms\n`])
  const strange = await health(box, ['-live', place])
  assert.deepEqual([strange.code, strange.stdout], [1, 'the answer was 404, and no reason was told\n'])
})

test('A wrong command line or configuration is told as everywhere', async (t) => {
  const box = sandbox(t)
  assert.equal((await health(box, ['-timeout', '0s'])).code, exitStatuses.ERR_USAGE)
  assert.equal((await health(box, ['nowhere'])).code, exitStatuses.ERR_USAGE)
  assert.equal((await health(box, ['-config', box.path('missing.yml')])).code, exitStatuses.ERR_CONFIG)
})

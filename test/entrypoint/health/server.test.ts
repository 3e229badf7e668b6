import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricsText } from '../../../entrypoint/health/metrics.ts'
import { version } from '../../../entrypoint/version.ts'
import { sandbox } from '../../support/sandbox.ts'
import { within } from '../../support/wait.ts'
import { begin, request, sendRaw } from './health-scene.ts'
import { databaseWith, wellVitals } from './vitals.ts'

const loopback = '127.0.0.1:0'

for (const listen of [loopback, undefined]) {
  test(`Answers on ${listen ?? 'a unix socket'}, with bodies that say why`, async (t) => {
    const box = sandbox(t)
    let vitals = wellVitals
    const { server } = await begin(t, box, { ...(listen && { listen }), vitals: async () => vitals })
    const address = server?.address ?? assert.fail('It listens')
    const ready = await request(address, '/readyz')
    assert.equal(ready.status, 200)
    assert.equal(ready.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(ready.body), {
      ready: true,
      state: 'running',
      reasons: [],
      app: 'running',
      databases: [
        {
          path: '/data/app.db',
          position: '0123456789abcdef/00000001:4152',
          locked: false,
          replicas: [
            {
              name: 's3',
              type: 's3',
              synced: true,
              position: '0123456789abcdef/00000001:4152',
              lag_seconds: 0,
              last_sync_at: '2026-11-23T02:13:20.500Z',
              last_snapshot_at: '2026-11-22T23:26:40.000Z',
              last_error: null,
            },
          ],
        },
      ],
      status_age_seconds: 1.2,
      engine: { alive: true, unresponsive_seconds: 0, restarts: 0, last_failure: null },
    })
    const live = await request(address, '/livez?verbose')
    assert.deepEqual([live.status, JSON.parse(live.body)], [200, { live: true, state: 'running', reasons: [] }])

    const engine = { alive: false, unresponsiveMs: 0, restarts: 3, lastFailure: 'Out of memory' }
    const databases = [{ ...databaseWith({ isSynced: false, lagMs: 1234, lastError: 'Gone' }), position: undefined }]
    vitals = { ...wellVitals, engine, databases }
    const unready = await request(address, '/readyz')
    const reasons = ['the engine has failed: Out of memory']
    assert.equal(unready.status, 503)
    const body = JSON.parse(unready.body)
    assert.deepEqual([body.ready, body.reasons], [false, reasons])
    assert.deepEqual(body.engine, { alive: false, unresponsive_seconds: 0, restarts: 3, last_failure: 'Out of memory' })
    assert.equal(body.databases[0].position, null)
    assert.equal(body.databases[0].replicas[0].lag_seconds, 1.234)
    assert.equal(body.databases[0].replicas[0].last_error, 'Gone')
    const dead = await request(address, '/livez')
    assert.deepEqual([dead.status, JSON.parse(dead.body)], [503, { live: false, state: 'running', reasons }])
  })
}

test('Metrics are what the vitals say', async (t) => {
  const engine = { alive: true, unresponsiveMs: 0, restarts: 2, lastFailure: 'Out of memory' }
  const vitals = { ...wellVitals, state: 'stopping', engine } as const
  const { server } = await begin(t, sandbox(t), { listen: loopback, vitals: () => vitals })
  const { status, headers, body } = await request(server?.address ?? '', '/metrics')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const text = metricsText({ vitals, isReady: false, version })
  const withoutProcess = (body: string) => body.replace(/^process_.*$/gm, '')
  assert.equal(withoutProcess(body), withoutProcess(text))
})

test('HEAD gives the headers alone; other methods and paths are told what there is', async (t) => {
  const { server } = await begin(t, sandbox(t), { listen: loopback })
  const address = server?.address ?? ''
  const [whole, head] = [await request(address, '/livez'), await request(address, '/livez', 'HEAD')]
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.equal(head.headers['content-length'], String(whole.body.length))
  const posted = await request(address, '/readyz', 'POST')
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD'])
  for (const path of ['/', '/readyz/', '/constructor']) {
    const { status, body } = await request(address, path)
    assert.deepEqual([status, JSON.parse(body).paths], [404, ['/livez', '/readyz', '/metrics']])
  }
})

test('Vitals that cannot be told are a 500, and the server goes on', async (t) => {
  let fails = true
  const vitals = async () => (fails ? Promise.reject(new Error('No idea')) : wellVitals)
  const { server } = await begin(t, sandbox(t), { listen: loopback, vitals })
  const { status, body } = await request(server?.address ?? '', '/readyz')
  assert.deepEqual([status, JSON.parse(body)], [500, { error: 'No idea' }])
  fails = false
  assert.equal((await request(server?.address ?? '', '/readyz')).status, 200)
})

test('Absurd headers, nonsense and bodies that never come do no harm', async (t) => {
  const { server } = await begin(t, sandbox(t), { listen: loopback })
  const address = server?.address ?? ''
  const head = 'GET /livez HTTP/1.1\r\nHost: x\r\n'
  assert.match(await sendRaw(address, `${head}X: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await sendRaw(address, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
  assert.match(await sendRaw(address, `${head}Content-Length: 1000000\r\n\r\n`), /^HTTP\/1\.1 200 /)
  const slow = Array.from({ length: 250 }, () => sendRaw(address, head))
  assert.equal((await request(address, '/livez')).status, 200, 'Answered while others dawdle')
  await server?.close()
  await within('The end of slow requests', 10_000, Promise.all(slow))
  await server?.close()
})

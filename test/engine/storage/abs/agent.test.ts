import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, get, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createAgent } from '../../../../engine/storage/abs/agent.ts'
import { waitUntil } from '../../../support/wait.ts'

const limits = { connectMs: 5000, silenceMs: 100 }

async function serve(t: TestContext, answer: RequestListener) {
  const server = createHttpServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const agent = createAgent(url, limits)
  t.after(() => agent.destroy())
  return { server, url, agent }
}

test('a server that does not answer is given up', async (t) => {
  const { url, agent } = await serve(t, () => {})
  await assert.rejects(once(get(url, { agent }), 'response'), { code: 'silent for 100 ms' })
})

test('an answer that stops is given up', async (t) => {
  const { url, agent } = await serve(t, (_, response) => response.write('begun'))
  const request = get(url, { agent })
  const [response] = await once(request, 'response')
  const failure = once(request, 'error').catch((error) => [error])
  await assert.rejects(response.toArray(), { code: 'ECONNRESET' })
  assert.equal((await failure)[0]?.code, 'silent for 100 ms')
})

test('an answer that goes on slowly is not, and its connection is kept and then closed', async (t) => {
  const { server, url, agent } = await serve(t, (_, response) => {
    let count = 0
    const timer = setInterval(() => {
      if (++count === 10) {
        clearInterval(timer)
        response.end()
      } else response.write('x')
    }, 30)
  })
  const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  const begin = performance.now()
  const [response] = await once(get(url, { agent }), 'response')
  assert.equal((await response.toArray()).join(''), 'xxxxxxxxx')
  assert(performance.now() - begin > limits.silenceMs, 'The answer took longer than a silence may')
  assert.equal(await connections(), 1)
  await waitUntil('The unused connection is closed', async () => (await connections()) === 0)
})

/** Where health is told: sockets that were left behind or are in use, ports in use, folders that are missing. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { hasCode, WherryError } from '../../../engine/index.ts'
import { sandbox } from '../../support/sandbox.ts'
import { begin, request } from './health-scene.ts'

const loopback = '127.0.0.1:0'
const mode = (path: string): number => statSync(path).mode & 0o777

test('Without an address there is a socket that nobody else can use, and it goes with the server', async (t) => {
  const box = sandbox(t)
  const { server, lines } = await begin(t, box)
  const path = box.path('.app.db-wherry', 'wherry.sock')
  assert.equal(server?.address, `unix:${path}`)
  assert.deepEqual([mode(path), mode(dirname(path))], [0o600, 0o700])
  assert.deepEqual(lines, [])
  await server?.close()
  assert.equal(existsSync(path), false)
})

test('The socket of a process that was killed is replaced, that of a living one is not', async (t) => {
  const box = sandbox(t)
  const path = box.path('.app.db-wherry', 'wherry.sock')
  mkdirSync(dirname(path))
  const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
  const other = box.start([process.execPath, '--eval', listen])
  await other.waitForOutput(/listening/)
  const second = await begin(t, box)
  assert.equal(second.server, undefined)
  assert.deepEqual(
    second.lines.map(({ level, fields }) => [level, fields.path, fields.error]),
    [['warn', path, 'another process answers there']],
  )
  await other.stop('SIGKILL')
  assert.ok(existsSync(path), 'It was left behind')
  const third = await begin(t, box)
  assert.deepEqual(third.lines, [])
  assert.equal((await request(third.server?.address ?? '', '/livez')).status, 200)
})

test('A socket that cannot be made is one warning, whatever the reason', async (t) => {
  const box = sandbox(t)
  const path = box.path('.app.db-wherry', 'wherry.sock')
  mkdirSync(path, { recursive: true })
  const reasons = new Map([
    [dirname(path), /something else is there/],
    [box.path('long'.repeat(30)), /longer than 107 bytes/],
  ])
  for (const [metaPath, reason] of reasons) {
    const { server, lines } = await begin(t, box, { metaPath })
    assert.equal(server, undefined)
    assert.deepEqual([lines.length, lines[0]?.level], [1, 'warn'])
    assert.match(String(lines[0]?.fields.error), reason)
  }
})

test('Without the folder of the database there is no socket yet, and no warning', async (t) => {
  const box = sandbox(t)
  const metaPath = box.path('data', '.app.db-wherry')
  assert.deepEqual(await begin(t, box, { metaPath }), { server: undefined, lines: [] })
  assert.equal(existsSync(box.path('data')), false, 'That is for the restore to make')
  mkdirSync(box.path('data'))
  const { server } = await begin(t, box, { metaPath })
  assert.equal(server?.address, `unix:${metaPath}/wherry.sock`)
  await server?.close()
  assert.equal(existsSync(metaPath), false, 'It is empty again')
})

test('A configured address that is in use, or is none, is an error that names it', async (t) => {
  const box = sandbox(t)
  const { server, lines } = await begin(t, box, { listen: loopback })
  const taken = server?.address ?? ''
  assert.deepEqual(
    lines.map(({ message, fields }) => [message, fields.address ?? fields.url]),
    [
      ['health server listening', taken],
      ['serving metrics on', `http://${taken}/metrics`],
    ],
  )
  const socket = `unix:${box.path('taken.sock')}`
  await begin(t, box, { listen: socket })
  for (const listen of [taken, socket, `unix:${box.path('missing', 'wherry.sock')}`, 'host.invalid:80']) {
    await assert.rejects(begin(t, box, { listen }), (error) => {
      assert.ok(error instanceof WherryError && hasCode(error, 'ERR_CONFIG'))
      assert.ok(error.message.startsWith(`listen ${listen} cannot be used: `), error.message)
      return true
    })
  }
})

test('A port on all interfaces, and one of IPv6', async (t) => {
  const box = sandbox(t)
  const all = await begin(t, box, { listen: ':0' })
  const port = /\d+$/.exec(all.server?.address ?? '')?.[0]
  assert.equal(all.lines.at(-1)?.fields.url, `http://localhost:${port}/metrics`)
  assert.equal((await request(`127.0.0.1:${port}`, '/livez')).status, 200)
  if (!existsSync('/proc/net/if_inet6') || readFileSync('/proc/net/if_inet6', 'utf8') === '')
    return t.skip('No IPv6 here')
  const six = await begin(t, box, { listen: '[::1]:0' })
  assert.match(six.server?.address ?? '', /^\[::1\]:\d+$/)
  assert.equal((await request(six.server?.address ?? '', '/livez')).status, 200)
  rmSync(box.path('.app.db-wherry'), { recursive: true, force: true })
})

/** The tests' own Docker: official names of base images, and nothing that outlives its users. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'
import { withDocker } from './docker.ts'
import { enginePath } from './engine.ts'

const BASES = {
  'debian:bookworm-slim': ['sh', '-c', 'echo v24 from the shell'],
  'node:24-bookworm-slim': ['node', '-v'],
  'node:22-bookworm-slim': ['node', '-v'],
  'node:24-alpine': ['node', '-v'],
}

for (const [image, command] of Object.entries(BASES)) {
  test(`${image} is there and runs`, async (t) => {
    const docker = await withDocker(t)
    if (docker === undefined) return
    const printed = await docker.run(['run', '--rm', '--pull=never', '--network=none', image, ...command])
    assert.match(printed, image.includes('22') ? /^v22/ : /^v24/)
  })
}

test('an image is built as a bake file says, on the names of official images', async (t) => {
  const docker = await withDocker(t)
  if (docker === undefined) return
  t.after(() => docker.run(['image', 'rm', '-f', 'wherry-test:bake']))
  const target = `
    target "default" {
      dockerfile-inline = "FROM node:24-alpine\\nRUN node -e 0\\nCMD [\\"node\\", \\"-p\\", \\"6 * 7\\"]"
      network = "host"
      tags = ["wherry-test:bake"]
    }`
  await docker.run(['buildx', 'bake', '--allow', 'network.host', '-f', '-'], { input: target })
  assert.equal(await docker.run(['run', '--rm', '--network=none', 'wherry-test:bake']), '42')
})

test('the daemon is gone when all that used it were killed, itself killed or not', async (t) => {
  if ((await withDocker(t)) === undefined) return
  if (process.env.WHERRY_TEST_DOCKER_HOST) return t.skip('It is about the daemon of the tests')
  const box = sandbox(t)
  const hold = async () => {
    const env = { WHERRY_TEST_CACHE: box.path('cache') }
    const program = box.start([process.execPath, join(import.meta.dirname, 'hold-fixture.ts'), enginePath()], { env })
    const [, socket = ''] = await program.waitForOutput(/^held unix:\/\/(.*)$/m, 60_000)
    return { program, run: dirname(socket) }
  }
  for (const killsDaemon of [false, true]) {
    const holders = [await hold(), await hold()]
    const { run } = holders[0] ?? assert.fail()
    const daemon = Number(readFileSync(join(run, 'dockerd.pid'), 'utf8'))
    await holders[0]?.program.stop('SIGKILL')
    assert.equal(existsSync(`/proc/${daemon}`), true)
    if (killsDaemon) process.kill(daemon, 'SIGKILL')
    await holders[1]?.program.stop('SIGKILL')
    await waitUntil('End of the daemon', () => !existsSync(run), { timeoutMs: 60_000 })
    await waitUntil('End of all that belongs to it', () => box.alive().length === 0)
    for (const lock of ['holders', 'start']) rmSync(`${run}.${lock}`)
  }
})

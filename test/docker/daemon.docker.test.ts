/** The tests' own Docker: official names of base images, and nothing that outlives its users. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withDocker } from './docker.ts'

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

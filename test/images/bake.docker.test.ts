/** docker-bake.hcl: every target and variable resolves, to what docs/images.md says. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { withDocker } from '../docker/docker.ts'

interface Target {
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: readonly string[]
  readonly attest?: readonly unknown[]
  readonly tags: readonly string[]
  readonly platforms?: readonly string[]
  readonly network: string
}

interface Plan {
  readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>
  readonly target: Readonly<Record<string, Target>>
}

const cwd = resolve(import.meta.dirname, '../..')

async function plan(t: TestContext, groups: readonly string[], env = {}): Promise<Plan | undefined> {
  const docker = await withDocker(t)
  const printed = await docker?.run(['buildx', 'bake', '--print', ...groups], { cwd, env })
  return printed === undefined ? undefined : JSON.parse(printed)
}

test('Group all has each Node on each system, and both tools', async (t) => {
  const planned = await plan(t, ['all'])
  if (planned === undefined) return
  const bases = [22, 24, 26].flatMap((node) => ['', '-trixie', '-alpine'].map((suffix) => `node${node}${suffix}`))
  assert.deepEqual(Object.keys(planned.target).sort(), [...bases, 'tool', 'tool-musl'].sort())
  for (const [name, { tags, args, labels, network, ...rest }] of Object.entries(planned.target)) {
    assert.deepEqual(tags, [`wherry:${name}`])
    assert.equal(args.LIBC, /alpine|musl/.test(name) ? 'musl' : 'glibc')
    assert.ok(labels['org.opencontainers.image.title']?.includes(args.NODE ?? '?') || name.startsWith('tool'))
    assert.equal(network, 'default')
    assert.deepEqual([rest.platforms, rest.attest, rest.annotations], [undefined, undefined, undefined])
  }
})

test('Nothing named builds one base image and the tool', async (t) => {
  const planned = await plan(t, [])
  if (planned !== undefined) assert.deepEqual(Object.keys(planned.target).sort(), ['node24', 'tool'])
})

test('Variables set the repository, version, processors, network and what a release has', async (t) => {
  const env = {
    REPOSITORY: 'ghcr.io/me/wherry',
    VERSION: '1.2.3',
    REVISION: 'abc',
    PLATFORMS: 'linux/amd64,linux/arm64',
    NETWORK: 'host',
    RELEASE: 'true',
  }
  const planned = await plan(t, ['node24-alpine'], env)
  if (planned === undefined) return
  const [target] = Object.values(planned.target)
  assert.deepEqual(target?.tags, ['ghcr.io/me/wherry:node24-alpine', 'ghcr.io/me/wherry:1.2.3-node24-alpine'])
  assert.deepEqual(target?.platforms, ['linux/amd64', 'linux/arm64'])
  assert.equal(target?.network, 'host')
  assert.deepEqual(target?.attest, [{ type: 'sbom' }, { type: 'provenance', mode: 'max' }])
  assert.equal(target?.labels['org.opencontainers.image.revision'], 'abc')
  assert.ok(target?.annotations?.includes('index,manifest:org.opencontainers.image.version=1.2.3'))
})

/** What is in the images, and how much it is. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { createGzip } from 'node:zlib'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'

const bases = {
  'wherry:node22': 'node:22-bookworm-slim',
  'wherry:node24': 'node:24-bookworm-slim',
  'wherry:node24-alpine': 'node:24-alpine',
} as const
const tools = ['wherry:tool', 'wherry:tool-musl'] as const
const health = ['CMD', '/opt/wherry/bin/wherry', 'health']
const entrypoint = ['/opt/wherry/bin/entrypoint']

async function inspect(docker: Docker, image: string) {
  const [all] = JSON.parse(await docker.run(['image', 'inspect', image]))
  return all
}

/** The files below /opt/wherry, relative to it. */
async function filesOf(docker: Docker, image: string): Promise<string[]> {
  const list = `console.log(fs.readdirSync('/opt/wherry', { recursive: true }).join('\\n'))`
  const node = image.includes('tool') ? '/opt/wherry/bin/node' : 'node'
  const args = ['run', '--rm', '--pull=never', '--network=none', '--entrypoint', node, image, '-e', list]
  return (await docker.run(args)).split('\n').sort()
}

for (const image of [...Object.keys(bases), ...tools]) {
  test(`${image}: nobody's root, a volume, a health check, an init, labels`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined) return
    const { Config } = await inspect(docker, image)
    const { User, Volumes, StopSignal, Entrypoint, WorkingDir, Healthcheck, Labels } = Config
    assert.deepEqual(
      { User, Volumes, StopSignal, Entrypoint, WorkingDir, health: Healthcheck.Test },
      {
        User: '1000:1000',
        Volumes: { '/data': {} },
        StopSignal: 'SIGTERM',
        Entrypoint: entrypoint,
        WorkingDir: image.includes('tool') ? '/data' : '/app',
        health,
      },
    )
    assert.equal(Labels['org.opencontainers.image.licenses'], 'Apache-2.0')
  })

  test(`${image}: the program, the native modules of one platform, licences, a bill of materials`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined) return
    const files = await filesOf(docker, image)
    const kinds = new Set(files.map((file) => file.replace(/^program\/.*\.(cjs|code|js|node)$/, 'program/*.$1')))
    const own = image.includes('tool') ? [...kinds].filter((file) => /^lib\/|^bin\/node$/.test(file)) : []
    assert.deepEqual([...kinds].filter((file) => !own.includes(file) && !/LEGAL\.txt$/.test(file)).sort(), [
      'bin',
      'bin/entrypoint',
      'bin/tini',
      'bin/wherry',
      ...(own.length > 0 ? ['lib'] : []),
      'program',
      'program/*.cjs',
      'program/*.code',
      'program/*.js',
      'program/*.node',
      'program/LICENSE',
      'program/THIRD-PARTY-LICENSES.txt',
      'program/bom.cdx.json',
      'program/package.json',
    ])
    assert.equal(files.filter((file) => file.endsWith('.node')).length, 2)
    assert.equal(own.length > 0, image.includes('tool'))
  })
}

for (const [image, base] of Object.entries(bases)) {
  test(`${image} adds at most 15 MB to ${base}`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined) return
    const added = (await inspect(docker, image)).Size - (await inspect(docker, base)).Size
    t.diagnostic(`${(added / 1e6).toFixed(1)} MB`)
    assert.ok(added <= 15e6, `${added} bytes`)
  })
}

for (const image of tools) {
  test(`${image} has at most 60 MB, compressed`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined) return
    const size = await compressedSize(docker, image)
    t.diagnostic(`${(size / 1e6).toFixed(1)} MB`)
    assert.ok(size <= 60e6, `${size} bytes`)
  })
}

async function compressedSize(docker: Docker, image: string): Promise<number> {
  const child = spawn(docker.program, ['save', image], { env: { ...process.env, ...docker.env } })
  const closed = once(child, 'close')
  let bytes = 0
  for await (const chunk of child.stdout.pipe(createGzip())) bytes += chunk.length
  assert.deepEqual(await closed, [0, null])
  return bytes
}

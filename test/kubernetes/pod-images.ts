import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Docker } from '../docker/docker.ts'
import type { RunningPodman } from './podman.ts'

const app = resolve(import.meta.dirname, '../../examples/node-http')
const TIMEOUT_MS = 300_000

/** The app of the examples as its image has it, and as one that knows nothing of Wherry. */
const images = { 'with Wherry': 'wherry-kubernetes:with', 'without Wherry': 'wherry-kubernetes:without' }

/**
 * Gives podman the images that the manifests name.
 * @returns a function that makes one of the two `registry.example.com/notes:1`
 */
export async function loadImages(
  docker: Docker,
  podman: RunningPodman,
): Promise<(which: keyof typeof images) => Promise<void>> {
  const dockerfile = readFileSync(join(app, 'Dockerfile'), 'utf8')
  const plain = dockerfile.replace('FROM wherry:node24\n', 'FROM node:24-bookworm-slim\nWORKDIR /app\n')
  if (plain === dockerfile) throw new Error('The example is not FROM wherry:node24')
  const build = ['build', '--network=host', '--file', '-']
  await docker.run([...build, '-t', images['with Wherry'], app], { input: dockerfile, timeoutMs: TIMEOUT_MS })
  await docker.run([...build, '-t', images['without Wherry'], app], { input: plain, timeoutMs: TIMEOUT_MS })

  const dir = mkdtempSync(join(tmpdir(), 'wherry-test-'))
  try {
    const archive = join(dir, 'images.tar')
    const names = ['wherry:tool', ...Object.values(images)]
    await docker.run(['save', '-o', archive, ...names], { timeoutMs: TIMEOUT_MS })
    await podman.run('load', '-q', '-i', archive)
  } finally {
    rmSync(dir, { recursive: true })
    await docker.run(['image', 'rm', '-f', ...Object.values(images)])
  }
  return async (which) => {
    await podman.run('tag', images[which], 'registry.example.com/notes:1')
  }
}

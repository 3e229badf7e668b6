/**
 * The images that tests of containers run, built from the repository's own bake file: `node test/docker/images.ts` builds
 * them, seconds when nothing changed since the last time.
 */
import { resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { type Docker, docker, withDocker } from './docker.ts'

const root = resolve(import.meta.dirname, '../..')
const BUILD_TIMEOUT_MS = 15 * 60_000

/** Set by test/run.ts, which builds the images for all test files. */
const BUILT = 'WHERRY_TEST_IMAGES'

/**
 * Builds the group `test` of docker-bake.hcl. What is unchanged comes from the builder's cache.
 * @throws Error with what the builder wrote
 */
export async function buildImages(docker: Docker): Promise<void> {
  // The tests' own Docker has no bridge by default: what a build gets from registries comes through the host's network.
  const args = ['buildx', 'bake', '-f', 'docker-bake.hcl', '--allow', 'network.host', '--progress', 'plain', 'test']
  await docker.run(args, { cwd: root, env: { NETWORK: 'host' }, timeoutMs: BUILD_TIMEOUT_MS })
}

let built: Promise<void> | undefined

/** A running Docker with the images as of this checkout; undefined, with the test skipped, when there is no Docker. */
export async function withImages(t: TestContext): Promise<Docker | undefined> {
  const docker = await withDocker(t)
  if (docker === undefined) return undefined
  const state = process.env[BUILT]
  if (state === 'failed') throw new Error('The images could not be built: see the beginning of the test run')
  if (state !== 'built') {
    built ??= buildImages(docker)
    await built
  }
  return docker
}

/** Builds the images for the test files that this process starts. @returns what went wrong */
export async function buildImagesForAll(): Promise<unknown> {
  try {
    await buildImages(await docker())
    process.env[BUILT] = 'built'
    return undefined
  } catch (error) {
    process.env[BUILT] = 'failed'
    return error
  }
}

if (import.meta.main) await buildImages(await docker())

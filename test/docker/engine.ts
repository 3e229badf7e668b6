import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall } from '../servers/apt.ts'
import { cachePath, makeOnce } from '../servers/cache.ts'
import type { TestServer } from '../servers/server.ts'
import { clientEnv, holdDaemon } from './daemon.ts'

const run = promisify(execFile)

/** What the engine and the making of base images run, and Debian may lack. */
const PACKAGES = ['runc', 'iptables', 'mmdebstrap', 'debian-archive-keyring']

/**
 * Docker for tests: the engine with buildx and compose, and base images that stand in for the official ones, since tests
 * cannot count on a registry. WHERRY_TEST_DOCKER_HOST names a daemon to use instead, which must get those by itself.
 */
export const dockerEngine: TestServer = {
  name: 'Docker',
  unavailable: async () => {
    if (process.env.WHERRY_TEST_DOCKER_HOST) return undefined
    const isAble = process.platform === 'linux' && process.arch === 'x64' && process.getuid?.() === 0
    if (!isAble) return "The tests' own Docker needs root on Linux x64; WHERRY_TEST_DOCKER_HOST can name another one"
    const isThere = existsSync(enginePath()) && existsSync(basesPath())
    return isThere ? undefined : 'Docker is not installed: run node test/servers/install.ts as root'
  },
  install: async () => {
    if (process.env.WHERRY_TEST_DOCKER_HOST) return
    await makeOnce(enginePath(), 'engine', makeEngine)
    await makeOnce(basesPath(), 'bases', makeBases)
  },
}

/** The folder of the engine. Its recipe is in its name, so that a new one is made anew. */
export function enginePath(): string {
  return cachePath('docker', `engine-${hashOf('get-engine.sh', 'deb-get.sh')}`)
}

/** A file that is there when the base images are. */
function basesPath(): string {
  return cachePath('docker', `bases-${hashOf('base-node.sh', 'base-musl.sh', 'docker-entrypoint.sh')}`)
}

async function makeEngine(aside: string): Promise<void> {
  for (const name of PACKAGES) await aptInstall(name)
  await script('get-engine.sh', [aside])
  await rename(aside, enginePath())
}

async function makeBases(): Promise<void> {
  const daemon = await holdDaemon(enginePath())
  try {
    const env = clientEnv(enginePath())
    await Promise.all([script('base-node.sh', ['24', '22'], env), script('base-musl.sh', ['24'], env)])
    await writeFile(basesPath(), '')
  } finally {
    daemon.release()
  }
}

async function script(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await run(join(import.meta.dirname, name), args, { env: { ...process.env, ...env }, maxBuffer: 64 << 20 })
}

function hashOf(...names: string[]): string {
  const hash = createHash('sha256')
  for (const name of names) hash.update(readFileSync(join(import.meta.dirname, name)))
  return hash.digest('hex').slice(0, 8)
}

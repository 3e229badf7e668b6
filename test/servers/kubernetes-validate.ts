import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall } from './apt.ts'
import { cachePath, makeOnce } from './cache.ts'
import type { TestServer } from './server.ts'

const run = promisify(execFile)

/** It has the schemas of Kubernetes 1.25 to 1.37. */
const VERSION = '1.37.0'

const home = () => cachePath('python', `kubernetes-validate-${VERSION}`)

/** PyPI's kubernetes-validate: no server, but installed like one. */
export const kubernetesValidate: TestServer = {
  name: 'kubernetes-validate',
  unavailable: async () =>
    existsSync(home()) ? undefined : 'kubernetes-validate is not there: run node test/servers/install.ts',
  install: () =>
    makeOnce(home(), 'kubernetes-validate', async (aside) => {
      const pip = await makeVenv(join(aside, 'venv')).catch(async () => {
        await aptInstall('python3-venv')
        return await makeVenv(join(aside, 'venv'))
      })
      // Beside the environment, which cannot be moved.
      const target = join(aside, 'packages')
      const flags = ['--quiet', '--disable-pip-version-check', '--target', target]
      await run(pip, ['install', ...flags, `kubernetes-validate==${VERSION}`], { maxBuffer: 64 << 20 })
      await rename(target, home())
    }),
}

/** @returns its pip */
async function makeVenv(path: string): Promise<string> {
  await run('python3', ['-m', 'venv', '--clear', path])
  return join(path, 'bin', 'pip')
}

/**
 * What is wrong with the manifests in `files` for a version of Kubernetes like `1.34`; unknown fields too.
 * @returns the complaints, a line each; none when all is well
 */
export async function complaintsOf(files: readonly string[], version: string): Promise<string[]> {
  const args = ['-m', 'kubernetes_validate', '--strict', '--kubernetes-version', version, ...files]
  const env = { ...process.env, PYTHONPATH: home(), PYTHONDONTWRITEBYTECODE: '1' }
  // Its verdict is status 1; a crash of Python's has that too.
  const { stdout, stderr } = await run('python3', args, { env, maxBuffer: 64 << 20 }).catch((error: Verdict) => {
    if (error.code === 1 && !error.stderr.startsWith('Traceback')) return error
    throw error
  })
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.startsWith('INFO'))
}

interface Verdict extends Error {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

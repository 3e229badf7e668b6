import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pythonPackage } from './python-package.ts'

const run = promisify(execFile)

/** It has the schemas of Kubernetes 1.25 to 1.37. */
export const kubernetesValidate = pythonPackage('kubernetes-validate', '1.37.0')

/**
 * What is wrong with the manifests in `files` for a version of Kubernetes like `1.34`; unknown fields too.
 * @returns the complaints, a line each; none when all is well
 */
export async function complaintsOf(files: readonly string[], version: string): Promise<string[]> {
  const args = ['-m', 'kubernetes_validate', '--strict', '--kubernetes-version', version, ...files]
  const env = { ...process.env, PYTHONPATH: kubernetesValidate.home, PYTHONDONTWRITEBYTECODE: '1' }
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

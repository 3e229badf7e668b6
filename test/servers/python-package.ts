import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall } from './apt.ts'
import { cachePath, makeOnce } from './cache.ts'
import type { TestServer } from './server.ts'

const run = promisify(execFile)

/** A tool from PyPI: no server, but installed like one. */
export interface PythonPackage extends TestServer {
  /** The folder with its modules, and its programs in `bin`. */
  readonly home: string
}

/** A package of PyPI in a folder of its own in the cache. */
export function pythonPackage(name: string, version: string): PythonPackage {
  const home = cachePath('python', `${name}-${version}`)
  return {
    name,
    home,
    unavailable: async () => (existsSync(home) ? undefined : `${name} is not there: run node test/servers/install.ts`),
    install: () =>
      makeOnce(home, name, async (aside) => {
        const pip = await makeVenv(join(aside, 'venv')).catch(async () => {
          await aptInstall('python3-venv')
          return await makeVenv(join(aside, 'venv'))
        })
        // Beside the environment, which cannot be moved.
        const target = join(aside, 'packages')
        const flags = ['--quiet', '--disable-pip-version-check', '--target', target]
        await run(pip, ['install', ...flags, `${name}==${version}`], { maxBuffer: 64 << 20 })
        await rename(target, home)
      }),
  }
}

/** @returns its pip */
async function makeVenv(path: string): Promise<string> {
  await run('python3', ['-m', 'venv', '--clear', path])
  return join(path, 'bin', 'pip')
}

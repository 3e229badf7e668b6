/**
 * `npm test`: builds the program, unless WHERRY_TEST_PROGRAM names one, and runs every test file on it. Tests that need
 * storage servers are those in files named `*.server.test.ts`, those that need Docker `*.docker.test.ts`; `-- --only-servers`,
 * `--without-servers`, `--only-docker` and `--without-docker` choose. Those in `*.full.test.ts` need what takes many minutes
 * to build: `--full` installs that, and runs them too. Further arguments are files to run instead.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dockerEngine } from './docker/engine.ts'
import { buildImagesForAll } from './docker/images.ts'

const root = new URL('../', import.meta.url).pathname
const args = process.argv.slice(2)
const flags = new Set(args.filter((arg) => arg.startsWith('--')))
const named = args.filter((arg) => !arg.startsWith('--'))

/** What files need by the end of their names, and how flags call it. */
const NEEDS = { '.server.test.ts': 'servers', '.docker.test.ts': 'docker' }
const onlyThese = Object.values(NEEDS).filter((need) => flags.has(`--only-${need}`))

function isWanted(file: string): boolean {
  if (file.endsWith('.full.test.ts')) return flags.has('--full')
  const [, need] = Object.entries(NEEDS).find(([ending]) => file.endsWith(ending)) ?? []
  if (onlyThese.length > 0) return need !== undefined && onlyThese.includes(need)
  return need === undefined || !flags.has(`--without-${need}`)
}

function node(...command: string[]): void {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env: process.env })
  if (status !== 0) process.exit(status ?? 1)
}

if (process.env.WHERRY_TEST_PROGRAM === undefined) node('images/build.ts')
if (flags.has('--full')) node('test/servers/install.ts', '--full')
process.env.WHERRY_TEST_PROGRAM ??= `${root}dist/wherry.js`
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: root }).filter(isWanted)
if (files.some((file) => file.endsWith('.docker.test.ts')) && (await dockerEngine.unavailable()) === undefined) {
  const error = await buildImagesForAll()
  if (error !== undefined) console.error('The images could not be built:', error)
}
node('--test', '--test-reporter=spec', ...files.sort())

/**
 * `npm test`: builds the program and runs every test file on it. Tests that need storage servers are those in files named
 * `*.server.test.ts`; `-- --only-servers` and `-- --without-servers` choose. Further arguments are files to run instead.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const root = new URL('../', import.meta.url).pathname
const args = process.argv.slice(2)
const flags = new Set(args.filter((arg) => arg.startsWith('--')))
const named = args.filter((arg) => !arg.startsWith('--'))

function isWanted(file: string): boolean {
  const needsServer = file.endsWith('.server.test.ts')
  return !(needsServer && flags.has('--without-servers')) && !(!needsServer && flags.has('--only-servers'))
}

function node(...command: string[]): void {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env: process.env })
  if (status !== 0) process.exit(status ?? 1)
}

node('images/build.ts')
process.env.WHERRY_TEST_PROGRAM = `${root}dist/wherry.js`
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: root }).filter(isWanted)
node('--test', '--test-reporter=spec', ...files.sort())

/**
 * `npm run bench`: builds the program and measures that, since it is what images contain. `npm run bench -- images` measures
 * the images themselves.
 */
import { spawnSync } from 'node:child_process'

const root = new URL('../../', import.meta.url).pathname
const env = { ...process.env, WHERRY_TEST_PROGRAM: `${root}dist/wherry.js` }
const args = process.argv.slice(2)
const ofProgram = [['images/build.ts'], ['test/bench/bench.ts', ...args]]
for (const command of args[0] === 'images' ? [['test/bench/images.ts', ...args]] : ofProgram) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) process.exit(status ?? 1)
}

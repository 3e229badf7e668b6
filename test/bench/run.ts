/** `npm run bench`: builds the program and measures that, since it is what images contain. */
import { spawnSync } from 'node:child_process'

const root = new URL('../../', import.meta.url).pathname
const env = { ...process.env, WHERRY_TEST_PROGRAM: `${root}dist/wherry.js` }
for (const command of [['images/build.ts'], ['test/bench/bench.ts', ...process.argv.slice(2)]]) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) process.exit(status ?? 1)
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { aptInstall } from './apt.ts'
import type { TestServer } from './server.ts'

const run = promisify(execFile)

/** Programs that tests run beside those that every Debian has; packages are called as they are. */
const TOOLS = { python3: '--version', openssl: 'version' }

/** No server, but installed like one. */
export const systemTools: Pick<TestServer, 'name' | 'install'> = {
  name: Object.keys(TOOLS).join(' and '),
  install: async () => {
    for (const tool of await missing()) await aptInstall(tool)
  },
}

async function missing(): Promise<string[]> {
  const looks = Object.entries(TOOLS).map(([tool, version]) =>
    run(tool, [version]).then(
      () => [],
      () => [tool],
    ),
  )
  return (await Promise.all(looks)).flat()
}

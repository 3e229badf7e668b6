/** The tool in images of either libc, and in one that holds nothing else. Its root brings writable folders along. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'

const hosts = ['debian:bookworm-slim', 'node:24-alpine', 'scratch']
const variables = ['WHERRY_DB_PATH=/data/app.db', 'WHERRY_REPLICA_URL=file:///backup']

/** The only program that is in all of them plays the app: it counts its starts, and tells what it was given. */
const app = `
  const { DatabaseSync } = require('node:sqlite')
  const db = new DatabaseSync('/data/app.db')
  db.exec('CREATE TABLE IF NOT EXISTS starts (at TEXT); INSERT INTO starts VALUES (1)')
  console.log(db.prepare('SELECT count(*) AS n FROM starts').get().n, process.env.LD_LIBRARY_PATH)`

function dockerfile(tool: string, host: string): string {
  return `FROM ${host}
COPY --from=${tool} / /
USER 1234
ENTRYPOINT ["/opt/wherry/bin/entrypoint"]
`
}

for (const tool of ['wherry:tool', 'wherry:tool-musl']) {
  for (const host of hosts) {
    test(`${tool} in ${host}: the app's row comes back, and its libraries are its own matter`, async (t) => {
      const docker = await withImages(t)
      if (docker === undefined) return
      const name = `wherry-test-${randomUUID().slice(0, 8)}`
      t.after(() => docker.run(['image', 'rm', '-f', name]))
      t.after(() => docker.run(['volume', 'rm', '-f', name]))
      await docker.run(['build', '--network=none', '-t', name, '-'], { input: dockerfile(tool, host) })
      assert.equal(await start(docker, name), '1 /of/the/app')
      assert.equal(await start(docker, name), '2 /of/the/app')
    })
  }
}

/** Runs the app with a backup that stays and a database that does not. @returns what it prints */
async function start(docker: Docker, name: string): Promise<string> {
  const env = [...variables, 'LD_LIBRARY_PATH=/of/the/app'].flatMap((variable) => ['-e', variable])
  const flags = ['--rm', '--pull=never', '--network=none', '--read-only', '-v', '/data', '-v', `${name}:/backup`]
  return await docker.run(['run', ...flags, ...env, name, '/opt/wherry/bin/node', '-e', app])
}

/** Gets the servers that tests need: `node test/servers/install.ts`. Minutes the first time. */
import { s3Servers } from './s3.ts'
import type { TestServer } from './server.ts'

const servers: readonly TestServer[] = [...s3Servers]

for (const server of servers) {
  console.log(server.name)
  await server.install()
}

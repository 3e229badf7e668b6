/** Gets the servers that tests need: `node test/servers/install.ts`. Minutes the first time. */
import { azurite } from './azure.ts'
import { fakeGcs } from './gcs.ts'
import { prometheus } from './prometheus.ts'
import { s3Servers } from './s3.ts'
import type { TestServer } from './server.ts'
import { openssh } from './sftp.ts'
import { toxiproxy } from './toxiproxy.ts'

const servers: readonly TestServer[] = [...s3Servers, azurite, openssh, fakeGcs, toxiproxy, prometheus]

for (const server of servers) {
  console.log(server.name)
  await server.install()
}

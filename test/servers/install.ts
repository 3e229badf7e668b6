/**
 * Gets what tests need onto this machine: `node test/servers/install.ts`, minutes the first time; with `--packages` only
 * what Debian has, as root; with `--full` only what the full run of the tests needs beside it.
 */
import { dockerEngine } from '../docker/engine.ts'
import { minioClient, pocketBase } from '../examples/stand-ins/programs.ts'
import { podman } from '../kubernetes/podman.ts'
import { azurite } from './azure.ts'
import { fakeGcs } from './gcs.ts'
import { hadolint } from './hadolint.ts'
import { kubeApi } from './kube-api-programs.ts'
import { kubernetesValidate } from './kubernetes-validate.ts'
import { prometheus } from './prometheus.ts'
import { s3Servers } from './s3.ts'
import type { TestServer } from './server.ts'
import { openssh } from './sftp.ts'
import { systemTools } from './system-tools.ts'
import { toxiproxy } from './toxiproxy.ts'

type Installable = Pick<TestServer, 'name' | 'install'>

const packages: readonly Installable[] = [systemTools, openssh, prometheus, podman]
/** One after the other: a build takes all processors, and later ones find the modules of earlier ones. */
const goPrograms: readonly Installable[] = [...s3Servers, fakeGcs, toxiproxy, minioClient, pocketBase]

const lanes = lanesFor(new Set(process.argv))
await Promise.all(lanes.map(installAll))

function lanesFor(flags: ReadonlySet<string>): readonly (readonly Installable[])[] {
  if (flags.has('--packages')) return [packages]
  if (flags.has('--full')) return [[kubeApi]]
  return [packages, [azurite, kubernetesValidate, hadolint], [dockerEngine], goPrograms]
}

async function installAll(servers: readonly Installable[]): Promise<void> {
  for (const server of servers) {
    const begin = performance.now()
    try {
      await server.install()
      console.log(`${server.name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`)
    } catch (error) {
      // The others are installed all the same.
      console.error(`${server.name}:`, error)
      process.exitCode = 1
    }
  }
}

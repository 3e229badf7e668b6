import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { kubeApi, kubePrograms } from './kube-api-programs.ts'
import { freePort, withServer } from './server.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** What kubectl gave. */
export interface KubectlAnswer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A real API server without nodes and controllers: it judges and keeps objects, and runs nothing. */
export interface RunningKubeApi {
  /** Runs kubectl to its end, whatever its status. @param input for its standard input */
  kubectl(args: readonly string[], input?: string): Promise<KubectlAnswer>
  stop(): Promise<void>
}

/** A server for one test: see {@link withServer}. */
export async function withKubeApi(t: TestContext): Promise<RunningKubeApi | undefined> {
  return await withServer(t, kubeApi, startKubeApi)
}

async function startKubeApi(): Promise<RunningKubeApi> {
  const { etcd, url } = await startEtcd()
  try {
    const { server, kubeconfig } = await startApiServer(url)
    const stop = async () => {
      await server.stop()
      await etcd.stop()
    }
    return { kubectl: (args, input) => kubectl(kubeconfig, args, input), stop }
  } catch (error) {
    await etcd.stop()
    throw error
  }
}

async function startEtcd(): Promise<{ etcd: ServerProcess; url: string }> {
  const [url, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`)
  const etcd = await startServer('etcd', async (dir) => ({
    command: [
      ...[kubePrograms.etcd(), '--data-dir', join(dir, 'data'), '--unsafe-no-fsync'],
      ...['--listen-client-urls', `${url}`, '--advertise-client-urls', `${url}`],
      ...['--listen-peer-urls', `${peer}`, '--initial-advertise-peer-urls', `${peer}`],
      ...['--initial-cluster', `default=${peer}`],
    ],
    ask: async () => {
      const { health } = (await (await fetch(`${url}/health`)).json()) as { health: string }
      if (health !== 'true') throw new Error(`Its health is ${health}`)
    },
  }))
  return { etcd, url: `${url}` }
}

async function startApiServer(etcdUrl: string): Promise<{ server: ServerProcess; kubeconfig: string }> {
  const port = await freePort()
  const token = randomBytes(16).toString('hex')
  let kubeconfig = ''
  const server = await startServer(kubeApi.name, async (dir) => {
    const [key, tokens] = [join(dir, 'sa.key'), join(dir, 'tokens.csv')]
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    await writeFile(tokens, `${token},test,1,system:masters\n`, { mode: 0o600 })
    kubeconfig = join(dir, 'kubeconfig')
    await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(`https://127.0.0.1:${port}`, token)), { mode: 0o600 })
    const command = [
      ...[kubePrograms.apiServer(), `--etcd-servers=${etcdUrl}`, `--secure-port=${port}`],
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', '--endpoint-reconciler-type=none'],
      ...[`--cert-dir=${join(dir, 'certs')}`, '--service-cluster-ip-range=10.96.0.0/24'],
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      ...['--service-account-issuer=https://wherry.test', '--authorization-mode=RBAC', `--token-auth-file=${tokens}`],
      // No controller makes the accounts that it would ask for.
      '--disable-admission-plugins=ServiceAccount',
    ]
    return { command, ask: () => assertReady(kubeconfig) }
  })
  return { server, kubeconfig }
}

function kubeconfigFor(server: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  }
}

async function assertReady(kubeconfig: string): Promise<void> {
  const { code, stderr } = await kubectl(kubeconfig, ['get', '--raw', '/readyz'])
  if (code !== 0) throw new Error(stderr)
}

async function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<KubectlAnswer> {
  const command = [`--kubeconfig=${kubeconfig}`, '--request-timeout=30s', ...args]
  return await new Promise((resolve, reject) => {
    const child = execFile(kubePrograms.kubectl(), command, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, stdout, stderr })
      else reject(error)
    })
    child.stdin?.on('error', () => {}).end(input)
  })
}

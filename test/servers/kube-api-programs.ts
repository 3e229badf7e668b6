import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachePath, makeOnce } from './cache.ts'
import { whyNotBuildable } from './go-program.ts'
import type { TestServer } from './server.ts'

const run = promisify(execFile)

const VERSION = 'v1.36.3'
const MINOR = VERSION.split('.')[1]

const home = () => cachePath('kubernetes', VERSION)

/** The programs' files. */
export const kubePrograms = {
  etcd: () => join(home(), 'etcd'),
  apiServer: () => join(home(), 'kube-apiserver'),
  kubectl: () => join(home(), 'kubectl'),
}

const packages = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  etcd: 'go.etcd.io/etcd/server/v3',
}

/** Kubernetes' own API server with etcd and kubectl, built from their Go modules. */
export const kubeApi: TestServer = {
  name: "Kubernetes' API server",
  unavailable: async () => {
    if (existsSync(home())) return undefined
    const why = await whyNotBuildable({ title: kubeApi.name, go: [1, 26] })
    return why ?? `${kubeApi.name} is not built: run node test/servers/install.ts --full`
  },
  install: () =>
    makeOnce(home(), 'kubernetes', async (aside) => {
      await writeModule(aside)
      const names = ['gitVersion', 'gitMajor', 'gitMinor'].map((name) => `-X k8s.io/component-base/version.${name}`)
      const versions = [VERSION, '1', MINOR].map((value, at) => `${names[at]}=${value}`)
      const flags = ['-mod=mod', '-trimpath', '-ldflags', ['-s', '-w', ...versions].join(' ')]
      const bin = join(aside, 'bin')
      await mkdir(bin)
      for (const [name, path] of Object.entries(packages))
        await go(aside, 'build', ...flags, '-o', join(bin, name), path)
      await rename(bin, home())
    }),
}

/**
 * A module that requires them. Kubernetes' own one cannot be built as it is: its parts are folders beside it in its
 * repository, and modules of their own outside.
 */
async function writeModule(dir: string): Promise<void> {
  await writeFile(join(dir, 'go.mod'), 'module wherry.test/kubernetes\n')
  const { stdout } = await go(dir, 'mod', 'download', '-json', `k8s.io/kubernetes@${VERSION}`)
  const { GoMod } = JSON.parse(stdout) as { GoMod: string }
  const lines = (await readFile(GoMod, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  const parts = lines.flatMap(([path, version]) => (path !== undefined && version === 'v0.0.0' ? [path] : []))
  const etcd = lines.find(([path]) => path === packages.etcd)?.[1]
  const goVersion = lines.find(([word]) => word === 'go')?.[1]
  const module = [
    `module wherry.test/kubernetes\n\ngo ${goVersion}\n`,
    `require k8s.io/kubernetes ${VERSION}`,
    `require ${packages.etcd} ${etcd}`,
    ...parts.map((path) => `replace ${path} => ${path} v0${VERSION.slice(2)}`),
  ]
  await writeFile(join(dir, 'go.mod'), `${module.join('\n')}\n`)
}

async function go(cwd: string, ...args: string[]): Promise<{ stdout: string }> {
  return await run('go', args, { cwd, env: { ...process.env, CGO_ENABLED: '0' }, maxBuffer: 64 << 20 })
}

import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { aptInstall } from '../servers/apt.ts'
import { type TestServer, withServer } from '../servers/server.ts'

const execute = promisify(execFile)

/** Of one command: an image takes seconds to load. */
const TIMEOUT_MS = 120_000

const PACKAGES = ['podman', 'runc', 'catatonit', 'netavark', 'aardvark-dns']

/** Debian's podman, which runs pods from Kubernetes' manifests. */
export const podman: TestServer = {
  name: 'podman',
  unavailable: async () => {
    if (process.getuid?.() !== 0) return "The tests' podman needs root on Linux"
    return isThere() ? undefined : 'podman is not installed: run node test/servers/install.ts as root'
  },
  install: async () => {
    if (isThere()) return
    for (const name of PACKAGES) await aptInstall(name)
  },
}

function isThere(): boolean {
  try {
    for (const program of ['podman', 'runc']) execFileSync(program, ['--version'])
    return true
  } catch {
    return false
  }
}

/** A podman with images, volumes and pods of its own. */
export interface RunningPodman {
  /**
   * Runs `podman ARGS`. @returns its standard output, trimmed
   * @throws Error with its standard error when it fails
   */
  run(...args: string[]): Promise<string>
}

/** One for one test, with all that it made removed after it; undefined, with the test skipped, when there is none. */
export async function withPodman(t: TestContext): Promise<RunningPodman | undefined> {
  return await withServer(t, podman, start)
}

async function start(): Promise<RunningPodman & { stop(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'wherry-podman-'))
  const [containers, storage] = [join(dir, 'containers.conf'), join(dir, 'storage.conf')]
  writeFileSync(containers, containersConf(join(dir, 'engine')))
  writeFileSync(storage, `[storage]\ndriver = "overlay"\ngraphroot = "${dir}/graph"\nrunroot = "${dir}/run"\n`)
  // Docker's configuration may name a folder that has none of podman's logins.
  const podmans = { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage, DOCKER_CONFIG: undefined }
  const env = { ...process.env, ...podmans }
  // A process group of its own: Ctrl-C at a terminal is for the tests, and it cleans up after them.
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', dir], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const isClean = once(keeper, 'exit')
  keeper.unref()
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await execute('podman', args, { env, timeout: TIMEOUT_MS, maxBuffer: 64 << 20 })
    // Logs are on both.
    return `${stdout}${args[0] === 'logs' ? stderr : ''}`.trim()
  }
  const stop = async () => {
    keeper.ref()
    keeper.stdin.destroy()
    await isClean
  }
  return { run, stop }
}

/** Containers outlive every podman; this outlives the test process, however that ends, and removes them. */
const KEEPER = `
cat >/dev/null
podman pod rm -fa -t 0
umount "$1/graph/overlay"
rm -rf "$1"
`

/** What Debian's podman needs where cgroups are not systemd's and limits cannot be raised. */
function containersConf(engineDir: string): string {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = (name: string) =>
    Number(new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(limits)?.[1]?.replace('unlimited', 'Infinity'))
  // To which podman lowers itself first.
  const processes = Math.min(hard('Max processes'), Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')))
  const files = hard('Max open files')
  return `[containers]
default_ulimits = ["nofile=${files}:${files}", "nproc=${processes}:${processes}"]
init_path = "/usr/bin/catatonit"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
tmp_dir = "${engineDir}"
lock_type = "file"
events_logger = "file"
[network]
network_backend = "netavark"
`
}

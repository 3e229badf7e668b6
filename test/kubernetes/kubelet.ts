import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../servers/server.ts'
import { waitUntil, within } from '../support/wait.ts'
import { containersOf, type Manifest, manifestsOf, type Probe, podOf } from './manifests.ts'
import { writeVolumes } from './mounted.ts'
import type { RunningPodman } from './podman.ts'
import { podmanFile } from './podman-pod.ts'

/** Containers may need as long as on a busy machine. */
const READY_TIMEOUT_MS = 120_000

/** A storage that takes the place of the example's. */
export interface Storage {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** An example's pod under podman, of which this process is the kubelet. */
export interface Kubelet {
  /** Of the app. */
  readonly url: string
  /**
   * Makes the pod and starts it. Named volumes that are still there are its.
   * @throws Error when an init container fails
   */
  start(): Promise<void>
  /** Resolves when start-up and readiness probes have succeeded, in the order in which they count. */
  ready(): Promise<void>
  /** Stops the containers: sidecars last. @returns their statuses @throws Error when the grace period is over before */
  stop(): Promise<Record<string, number>>
  /** Waits until a container ends by itself. @returns its status */
  ended(container: string): Promise<number>
  /** Removes the pod, and with `volumes` what it has stored. */
  remove(what?: 'volumes'): Promise<void>
  /** What a container has printed. */
  logs(container: string): Promise<string>
  /** Runs a command in a container. */
  exec(container: string, ...command: string[]): Promise<string>
}

/** The pod of the example `file`; its temporary files end with the test, and the pod with podman. */
export async function kubelet(t: TestContext, podman: RunningPodman, file: string, storage: Storage): Promise<Kubelet> {
  const manifests = [...manifestsOf(file), secretOf(storage)]
  const template = manifests.map(podOf).find((found) => found !== undefined)
  if (template === undefined) throw new Error(`There is no pod in ${file}`)
  const { spec } = template
  const dir = mkdtempSync(join(tmpdir(), 'wherry-test-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const folders = writeVolumes(spec, manifests, dir)
  for (const folder of folders.values()) giveTo(folder, Number(spec.securityContext.fsGroup))
  const ports: Record<string, number> = { http: await freePort(), wherry: await freePort() }
  const name = 'notes-0'
  const path = join(dir, 'pod.yaml')
  const containerOf = (container: string) => `${name}-${container}`
  const logs = (container: string) => podman.run('logs', containerOf(container))
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')

  const endOf = async (container: string) => Number(await podman.run('wait', containerOf(container)))

  return {
    url: `http://127.0.0.1:${ports.http}`,
    start: async () => {
      const place = {
        ...{ HOST: '127.0.0.1', PORT: `${ports.http}`, WHERRY_LISTEN: `127.0.0.1:${ports.wherry}` },
        WHERRY_ENDPOINT: storage.endpoint,
      }
      writeFileSync(path, podmanFile(template, manifests, { name, folders, env: place }))
      await podman.run('play', 'kube', path)
    },
    ready: async () => {
      for (const { name: container, startupProbe, livenessProbe, readinessProbe } of containersOf(spec)) {
        for (const probe of [startupProbe, livenessProbe, readinessProbe].filter((one) => one !== undefined)) {
          const look = async () => {
            if (await succeeds(probe, ports)) return true
            const state = await podman.run('inspect', '--format', '{{.State.Status}}', containerOf(container))
            if (state !== 'running') throw new Error(`${container} is ${state}`)
            return false
          }
          await waitUntil(JSON.stringify(probe), look, { timeoutMs: READY_TIMEOUT_MS, everyMs: 100 }).catch(
            async (error: Error) => {
              throw new Error(`${error.message}\n${await logs(container)}`)
            },
          )
        }
      }
    },
    stop: async () => {
      const statuses: Record<string, number> = {}
      // Not by `podman stop`: when the app's container has ended, it may find the sidecar's stopping, and stop the pod again.
      for (const { name: container } of [...spec.containers, ...sidecars]) {
        await podman.run('kill', '--signal', 'TERM', containerOf(container))
        const graceMs = Number(spec.terminationGracePeriodSeconds) * 1000
        statuses[container] = await within(`End of ${container}`, graceMs, endOf(container))
      }
      return statuses
    },
    ended: endOf,
    remove: async (what) => {
      await podman.run('pod', 'rm', '-f', '-t', '0', name)
      if (what === 'volumes') await podman.run('volume', 'rm', '-a', '-f')
    },
    logs,
    exec: (container, ...command) => podman.run('exec', containerOf(container), ...command),
  }
}

function secretOf({ accessKeyId, secretAccessKey }: Storage): Manifest {
  const [secret] = manifestsOf('secret.yaml')
  if (secret === undefined) throw new Error('There is no Secret')
  return { ...secret, stringData: { 'access-key-id': accessKeyId, 'secret-access-key': secretAccessKey } }
}

/** Makes files what those of a Secret with a `defaultMode` of 0440 are: root's, for the group of the pod to read. */
function giveTo(folder: string, group: number): void {
  for (const path of [folder, ...readdirSync(folder).map((file) => join(folder, file))]) {
    chownSync(path, 0, group)
    chmodSync(path, path === folder ? 0o750 : 0o440)
  }
}

async function succeeds({ httpGet, tcpSocket }: Probe, ports: Readonly<Record<string, number>>): Promise<boolean> {
  const port = ports[httpGet?.port ?? tcpSocket?.port ?? '']
  if (port === undefined) throw new Error('The probe has no port')
  if (httpGet === undefined) return await accepts(port)
  return await fetch(`http://127.0.0.1:${port}${httpGet.path}`).then(
    ({ status }) => status >= 200 && status < 400,
    () => false,
  )
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}

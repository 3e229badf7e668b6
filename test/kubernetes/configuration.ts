import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { type Container, environmentOf, manifestsOf, type PodSpec } from './manifests.ts'
import { writeVolumes } from './mounted.ts'

/** What `wherry config` prints for a container, with its ConfigMaps and Secrets where it mounts them. */
export async function configOf(
  t: TestContext,
  file: string,
  pod: PodSpec,
  container: Container,
): Promise<Record<string, string>> {
  const box = sandbox(t)
  const manifests = [...manifestsOf(file), ...manifestsOf('secret.yaml')]
  const folders = writeVolumes(pod, manifests, box.dir)
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }) => [mountPath, folders.get(name)] as const)
  const moved = (value: string): string => {
    const [mountPath = '', folder] = mounts.find(([path]) => value.startsWith(`${path}/`)) ?? []
    return folder === undefined ? value : `${folder}${value.slice(mountPath.length)}`
  }
  const variables = Object.entries(environmentOf(container, manifests)).map(([name, value]) => [name, moved(value)])
  const isCheck = container.args?.includes('check') ?? false
  // A URL on the command line needs no database.
  const env = { ...Object.fromEntries(variables), ...(isCheck ? { WHERRY_REPLICATION: 'off' } : {}) }
  const { code, stdout, stderr } = await box.run([...wherry.command, 'config', '-json'], { env })
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  const entries = JSON.parse(stdout) as { key: string; value: unknown }[]
  return Object.fromEntries(entries.map(({ key, value }) => [key, String(value)]))
}

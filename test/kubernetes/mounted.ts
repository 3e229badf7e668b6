import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest, PodSpec } from './manifests.ts'

/**
 * Writes what a pod's ConfigMap and Secret volumes hold, as the kubelet does.
 * @returns the folder of each such volume, in `dir`
 * @throws Error when there is no such ConfigMap or Secret
 */
export function writeVolumes(pod: PodSpec, manifests: readonly Manifest[], dir: string): Map<string, string> {
  const folders = new Map<string, string>()
  for (const { name, configMap, secret } of pod.volumes ?? []) {
    const source = configMap === undefined ? secret && { Secret: secret.secretName } : { ConfigMap: configMap.name }
    for (const [kind, object] of Object.entries(source ?? {})) {
      const folder = join(dir, name)
      mkdirSync(folder)
      for (const [key, value] of Object.entries(contentOf(kind, object, manifests))) {
        writeFileSync(join(folder, key), value)
      }
      folders.set(name, folder)
    }
  }
  return folders
}

function contentOf(kind: string, name: string, manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  const object = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  if (object === undefined) throw new Error(`There is no ${kind} ${name}`)
  return { ...object.data, ...object.stringData }
}

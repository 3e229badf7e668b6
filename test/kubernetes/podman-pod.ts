import { type Container, environmentOf, type Manifest, type PodTemplate } from './manifests.ts'

/** What differs from a cluster. */
export interface Place {
  readonly name: string
  /** The folder or the named volume that each volume of the pod is: see mounted.ts. */
  readonly folders: ReadonlyMap<string, string>
  /** Added to the environment of each container; wins over its own. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The pod of a StatefulSet as podman 4.3 can run it, on the host's network: without probes, which the test asks as a kubelet
 * does, and with sidecars as the first containers. Volumes that are no folder become named volumes, `POD-VOLUME`.
 * @returns a file for `podman play kube`
 */
export function podmanFile(
  { spec }: PodTemplate,
  manifests: readonly Manifest[],
  { name, folders, env }: Place,
): string {
  const inits = spec.initContainers ?? []
  const prepared = (container: Container) => {
    const { startupProbe, livenessProbe, readinessProbe, restartPolicy, ports, envFrom, ...rest } = container
    // In podman envFrom would win over env.
    const variables = { ...environmentOf(container, manifests), ...env }
    const list = Object.entries(variables).map(([variable, value]) => ({ name: variable, value }))
    return { ...rest, imagePullPolicy: 'Never', env: list }
  }
  const names = new Set(
    [...inits, ...spec.containers].flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name)),
  )
  const volumes = [...names].map((volume) => {
    const path = folders.get(volume)
    const claim = { persistentVolumeClaim: { claimName: `${name}-${volume}` } }
    return { name: volume, ...(path === undefined ? claim : { hostPath: { path, type: 'Directory' } }) }
  })
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      ...spec,
      hostNetwork: true,
      // Which it asks for where there are init containers.
      restartPolicy: 'OnFailure',
      initContainers: inits.filter(({ restartPolicy }) => restartPolicy === undefined).map(prepared),
      containers: [...inits.filter(({ restartPolicy }) => restartPolicy === 'Always'), ...spec.containers].map(
        prepared,
      ),
      volumes,
    },
  })
}

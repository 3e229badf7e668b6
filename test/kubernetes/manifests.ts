import { globSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** Where the examples are. */
export const examples = resolve(import.meta.dirname, '../../examples/kubernetes')

/** Paths of all manifests there. */
export const manifestPaths: readonly string[] = globSync(`${examples}/*.yaml`).sort()

/** A Kubernetes object, as far as tests look into it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec?: Spec
}

/** Of a StatefulSet, a CronJob or a Service. */
export interface Spec {
  readonly template?: PodTemplate
  readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } }
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  readonly replicas?: number
  readonly serviceName?: string
  readonly selector?: Readonly<Record<string, unknown>>
}

export interface PodTemplate {
  readonly metadata?: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly [field: string]: unknown
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly restartPolicy?: 'Always'
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly resources?: unknown
  readonly securityContext: unknown
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string }
  readonly tcpSocket?: { readonly port: string }
}

/** One source of its content, or a claim of the StatefulSet. */
export interface Volume {
  readonly name: string
  readonly emptyDir?: unknown
  readonly configMap?: { readonly name: string }
  readonly secret?: { readonly secretName: string; readonly defaultMode: number }
}

/** The objects in an example, by its file's name. */
export function manifestsOf(file: string): Manifest[] {
  // As kubectl reads YAML: 0440 is octal.
  const documents = parseAllDocuments(readFileSync(resolve(examples, file), 'utf8'), { version: '1.1' })
  return documents.map((document) => document.toJS() as Manifest)
}

/** The objects of all examples, with the file that each is from. */
export function allManifests(): { file: string; manifest: Manifest }[] {
  return manifestPaths.flatMap((path) => manifestsOf(path).map((manifest) => ({ file: basename(path), manifest })))
}

/** The pod that an object makes, if it makes one. */
export function podOf({ spec }: Manifest): PodTemplate | undefined {
  return spec?.template ?? spec?.jobTemplate?.spec.template
}

/** All containers of a pod in the order in which they start. */
export function containersOf({ initContainers = [], containers }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers]
}

/** The variables that a container gets, those of its ConfigMaps too. */
export function environmentOf(container: Container, manifests: readonly Manifest[]): Record<string, string> {
  const maps = (container.envFrom ?? []).map(({ configMapRef: { name } }) => {
    const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)
    if (map?.data === undefined) throw new Error(`There is no ConfigMap ${name}`)
    return map.data
  })
  const own = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]))
  return Object.assign({}, ...maps, own)
}

/** What no schema tells of the Kubernetes examples: that their parts fit together, and to Wherry. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf } from './configuration.ts'
import { allManifests, type Container, containersOf, manifestsOf, podOf } from './manifests.ts'

const pods = allManifests().flatMap(({ file, manifest }) => {
  const template = podOf(manifest)
  return template === undefined ? [] : [{ file, manifest, template, pod: template.spec }]
})

/** Containers in which Wherry runs: with a health address, which is how the probes reach it. */
const guarded = pods.flatMap(({ file, pod }) =>
  [...containersOf(pod)]
    .filter(({ startupProbe }) => startupProbe !== undefined)
    .map((container) => ({ file, pod, container })),
)

test('There are the three forms, and the check', () => {
  assert.deepEqual(
    pods.map(({ file }) => file),
    ['check-backup.yaml', 'sidecar.yaml', 'with-volume.yaml', 'without-volume.yaml'],
  )
  assert.deepEqual(
    guarded.map(({ file, container }) => `${file} ${container.name}`),
    ['sidecar.yaml wherry', 'with-volume.yaml notes', 'without-volume.yaml notes'],
  )
})

for (const { file, manifest, template, pod } of pods) {
  test(`${file}: no container may do more than it needs`, () => {
    for (const { name, securityContext, resources } of containersOf(pod)) {
      assert.deepEqual(
        securityContext,
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        name,
      )
      const { requests, limits } = resources as { requests: Record<string, string>; limits: Record<string, string> }
      assert.ok(requests.cpu !== undefined && requests.memory !== undefined && limits.memory !== undefined, name)
      // Throttled, it would miss probes and stop late.
      assert.equal(limits.cpu, undefined, name)
    }
    const { runAsNonRoot, runAsUser, fsGroup, seccompProfile } = pod.securityContext
    assert.equal(runAsNonRoot, true)
    assert.ok(Number(runAsUser) > 0)
    assert.ok(Number(fsGroup) > 0)
    assert.deepEqual(seccompProfile, { type: 'RuntimeDefault' })
    assert.equal(pod.automountServiceAccountToken, false)
    assert.equal(pod.enableServiceLinks, false)
  })

  test(`${file}: images, volumes and ports have the right names`, () => {
    const claims = (manifest.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)
    const volumes = [...claims, ...(pod.volumes ?? []).map(({ name }) => name)]
    for (const container of containersOf(pod)) {
      assert.match(container.image, /^(wherry:tool|registry\.example\.com\/notes:1)$/)
      const mounted = (container.volumeMounts ?? []).map(({ name }) => name)
      assert.deepEqual(
        mounted.filter((name) => !volumes.includes(name)),
        [],
      )
      const ports = (container.ports ?? []).map(({ name }) => name)
      const asked = [container.startupProbe, container.livenessProbe, container.readinessProbe].flatMap((probe) =>
        probe === undefined ? [] : [probe.httpGet?.port ?? probe.tcpSocket?.port],
      )
      assert.deepEqual(
        asked.filter((port) => port === undefined || !ports.includes(port)),
        [],
      )
    }
  })

  test(`${file}: Wherry accepts the configuration`, async (t) => {
    const withWherry = containersOf(pod).filter((container) => isWherry(container, file))
    assert.ok(withWherry.length > 0)
    for (const container of withWherry) {
      const config = await configOf(t, file, pod, container)
      if (manifest.kind === 'CronJob') continue
      assert.equal(config['dbs[0].path'], '/data/notes.db')
      assert.equal(config['dbs[0].replicas[0].url'], 's3://my-bucket/notes')
      assert.equal(config['dbs[0].replicas[0].access-key-id'], '****')
      assert.equal(config['dbs[0].replicas[0].secret-access-key'], '****')
      assert.ok(container.volumeMounts?.some(({ mountPath }) => mountPath === '/data'))
    }
  })

  test(`${file}: a Service and a StatefulSet have the pod's labels`, () => {
    if (manifest.kind !== 'StatefulSet') return
    assert.equal(manifest.spec?.replicas, 1)
    assert.deepEqual(manifest.spec?.selector, { matchLabels: template.metadata?.labels })
    const service = manifestsOf(file).find(({ kind }) => kind === 'Service')
    assert.equal(service?.metadata.name, manifest.spec?.serviceName)
    assert.deepEqual(service?.spec?.selector, template.metadata?.labels)
  })
}

for (const { file, pod, container } of guarded) {
  test(`${file}: the probes ask the address that Wherry listens on`, async (t) => {
    const config = await configOf(t, file, pod, container)
    const port = container.ports?.find(({ name }) => name === container.startupProbe?.httpGet?.port)
    assert.equal(config.listen, `:${port?.containerPort}`)
    assert.equal(container.livenessProbe?.httpGet?.path, '/livez')
    // A sidecar that waited to be ready would wait for a database that the app makes after it.
    assert.equal(container.startupProbe?.httpGet?.path, container.restartPolicy === undefined ? '/readyz' : '/livez')
    assert.ok(pod.containers.every(({ readinessProbe }) => readinessProbe?.tcpSocket?.port === 'http'))
  })

  test(`${file}: the grace period fits into the pod's`, async (t) => {
    const podSeconds = pod.terminationGracePeriodSeconds ?? 0
    // Around the app it is all of it; a sidecar's begins when the app has ended.
    const seconds = container.restartPolicy === undefined ? podSeconds : podSeconds - 20
    const config = await configOf(t, file, pod, container)
    assert.equal(config['grace-period'], seconds === 60 ? '1m' : `${seconds}s`)
  })
}

/** In the sidecar's form the app has none. */
function isWherry({ image }: Container, file: string): boolean {
  return file !== 'sidecar.yaml' || image === 'wherry:tool'
}

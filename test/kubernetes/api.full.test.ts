/** The Kubernetes examples as a real API server takes them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'
import { withKubeApi } from '../servers/kube-api.ts'
import { allManifests, examples, manifestPaths, type PodTemplate, podOf, type Spec } from './manifests.ts'

const apply = ['apply', '--dry-run=server', '--validate=strict', '-f', '-']

/** Refuses pods that may do more than they need, and warns of what would make such ones. */
const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'restricted',
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' },
  },
}

/** The pod as its controller makes it. */
function asPod(name: string, { metadata, spec }: PodTemplate, { volumeClaimTemplates = [] }: Spec): object {
  const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-notes-0` },
  }))
  const volumes = [...(spec.volumes ?? []), ...claims]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: { ...spec, volumes } }
}

test('An API server accepts them in a namespace that is restricted', { timeout: 300_000 }, async (t) => {
  const api = await withKubeApi(t)
  if (api === undefined) return
  const made = await api.kubectl(['create', '-f', '-'], JSON.stringify(namespace))
  assert.equal(made.code, 0, made.stderr)
  const there = ['--namespace', 'restricted']

  for (const path of manifestPaths) {
    await t.test(basename(path), async () => {
      const { code, stdout, stderr } = await api.kubectl([...there, ...apply], readFileSync(path, 'utf8'))
      // No warning either.
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
      assert.ok(
        stdout.split('\n').every((line) => line === '' || line.endsWith(' created (server dry run)')),
        stdout,
      )
    })
  }

  for (const { file, manifest } of allManifests()) {
    const template = podOf(manifest)
    if (template === undefined) continue
    await t.test(`${file}: the pod itself`, async () => {
      const pod = asPod('notes-0', template, manifest.spec ?? {})
      const { code, stderr } = await api.kubectl([...there, ...apply], JSON.stringify(pod))
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    })
  }

  const original = readFileSync(join(examples, 'with-volume.yaml'), 'utf8')
  await t.test('A field that is misspelt is refused', async () => {
    const manifest = original.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem')
    const { code, stderr } = await api.kubectl([...there, ...apply], manifest)
    assert.equal(code, 1)
    assert.match(stderr, /unknown field ".*readOnlyRootFileSystem"/)
  })

  await t.test('A pod that may do more is warned of', async () => {
    const manifest = original.replace('capabilities: { drop: [ALL] }', '')
    const { stderr } = await api.kubectl([...there, ...apply], manifest)
    assert.match(stderr, /would violate PodSecurity "restricted/)
  })
})

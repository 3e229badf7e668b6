/** The Kubernetes examples against the schemas of several versions. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test from 'node:test'
import { complaintsOf, kubernetesValidate } from '../servers/kubernetes-validate.ts'
import { skipWithout } from '../servers/server.ts'
import { examples, manifestPaths } from './manifests.ts'

// Only this needs it, and a minute is enough: where there is a network it is not missing.
await kubernetesValidate.install().catch((error: Error) => console.error(error.message))
const skip = await skipWithout(kubernetesValidate)

/** From the first one with sidecars to the newest one. */
for (const version of ['1.29', '1.31', '1.33', '1.34', '1.35', '1.36', '1.37']) {
  test(`All are valid in Kubernetes ${version}`, { skip }, async () => {
    assert.deepEqual(await complaintsOf(manifestPaths, version), [])
  })
}

test('But for the sidecar all are in older ones, too', { skip }, async () => {
  const others = manifestPaths.filter((path) => basename(path) !== 'sidecar.yaml')
  assert.equal(others.length, manifestPaths.length - 1)
  assert.deepEqual(await complaintsOf(others, '1.25'), [])
})

test('A field that is misspelt is found', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wherry-test-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'misspelt.yaml')
  const manifest = readFileSync(join(examples, 'with-volume.yaml'), 'utf8')
  writeFileSync(path, manifest.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'))
  const [complaint, ...others] = await complaintsOf([path], '1.34')
  assert.match(complaint ?? '', /'readOnlyRootFileSystem' was unexpected/)
  assert.deepEqual(others, [])
})

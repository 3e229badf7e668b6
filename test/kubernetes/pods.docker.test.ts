/** The pods of the Kubernetes examples, run by podman on the images of this checkout. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { withImages } from '../docker/images.ts'
import { type Kubelet, kubelet } from './kubelet.ts'
import { loadImages } from './pod-images.ts'
import { emptyBucket, withBucket } from './pod-storage.ts'
import { withPodman } from './podman.ts'

test('A pod that is lost comes back with every row', { timeout: 900_000 }, async (t) => {
  const docker = await withImages(t)
  if (docker === undefined) return
  const podman = await withPodman(t)
  if (podman === undefined) return
  const storage = await withBucket(t, 'my-bucket')
  if (storage === undefined) return
  const asNotes = await loadImages(docker, podman)

  await t.test('with a volume, which alone has them, too', async (t) => {
    await asNotes('with Wherry')
    const pod = await kubelet(t, podman, 'with-volume.yaml', storage)
    await comesBack(pod, ['of a volume', 'of a volume, at last'])
    assert.match(await pod.logs('notes'), /restored/)
    await pod.remove()
    await pod.start()
    await pod.ready()
    assert.deepEqual(await notesOf(pod), ['of a volume', 'of a volume, at last'])
    assert.doesNotMatch(await pod.logs('notes'), /restored/)
    await pod.remove('volumes')
    await emptyBucket(storage)
  })

  await t.test('without a volume', async (t) => {
    await asNotes('with Wherry')
    const pod = await kubelet(t, podman, 'without-volume.yaml', storage)
    await comesBack(pod, ['of no volume', 'of no volume, at last'])
    assert.match(await pod.logs('notes'), /restored/)
    await pod.remove('volumes')
    await emptyBucket(storage)
  })

  await t.test('with a sidecar, and no app starts where nobody can tell whether there is a backup', async (t) => {
    await asNotes('without Wherry')
    const refused = await kubelet(t, podman, 'sidecar.yaml', { ...storage, secretAccessKey: 'not-the-right-one' })
    await assert.rejects(refused.start(), /init container .* exited with code 77/)
    await refused.remove('volumes')

    const pod = await kubelet(t, podman, 'sidecar.yaml', storage)
    await comesBack(pod, ['beside Wherry', 'beside Wherry, at last'])
    await pod.remove('volumes')
  })

  await t.test('and its backup is checked', async (t) => {
    const pod = await kubelet(t, podman, 'check-backup.yaml', storage)
    await pod.start()
    assert.equal(await pod.ended('check'), 0, await pod.logs('check'))
    assert.match(await pod.logs('check'), /^s3 .* restored$/m)
    await pod.remove('volumes')
  })
})

/** Writes `texts`, stops the pod with its last commit fresh, loses what it had, and finds them again. */
async function comesBack(pod: Kubelet, texts: readonly string[]): Promise<void> {
  await pod.start()
  await pod.ready()
  for (const text of texts) await addNote(pod, text)
  assertAllWell(await pod.stop())
  await pod.remove('volumes')
  await pod.start()
  await pod.ready()
  assert.deepEqual(await notesOf(pod), texts)
  assertAllWell(await pod.stop())
}

function assertAllWell(statuses: Readonly<Record<string, number>>): void {
  assert.ok(Object.values(statuses).length > 0)
  for (const [container, status] of Object.entries(statuses)) assert.equal(status, 0, container)
}

async function addNote({ url }: Kubelet, text: string): Promise<void> {
  const { status } = await fetch(`${url}/notes`, { method: 'POST', body: text })
  assert.equal(status, 201)
}

async function notesOf({ url }: Kubelet): Promise<string[]> {
  const notes = (await (await fetch(`${url}/notes`)).json()) as { text: string }[]
  return notes.map(({ text }) => text)
}

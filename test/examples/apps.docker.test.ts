/** The example apps as images: built from their own Dockerfiles, stopped, and back after the loss of their volume. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { withImages } from '../docker/images.ts'
import { AppContainer, buildApp } from './app-container.ts'
import { hasStandIns, inPlaceOfStage, type StandInName } from './stand-ins/stand-ins.ts'

const notebooks: Readonly<Record<string, readonly StandInName[]>> = {
  'node-http': [],
  python: ['python'],
  'static-binary': ['golang', 'distroless'],
}

for (const [name, standIns] of Object.entries(notebooks)) {
  test(`${name}: a note outlives the volume`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined || !(await hasStandIns(t, docker, standIns))) return
    const app = await AppContainer.create(t, docker, {
      image: await buildApp(t, docker, name),
      env: { WHERRY_REPLICA_URL: 'file:///backup/notes' },
      listen: (port) => ({ env: { PORT: `${port}` } }),
    })
    await app.start()
    const answer = await app.fetch('/notes', { method: 'POST', body: 'Buy milk' })
    assert.equal(answer.status, 201)
    const note = await answer.json()

    await app.stopAndLoseVolume()
    await app.start()
    const notes = await app.fetch('/notes')
    assert.deepEqual(await notes.json(), [note])
  })
}

test('third-party: PocketBase has its users, collections and records again', async (t) => {
  const docker = await withImages(t)
  if (docker === undefined || !(await hasStandIns(t, docker, ['distroless', 'pocketbase']))) return
  const app = await AppContainer.create(t, docker, {
    image: await buildApp(t, docker, 'third-party', inPlaceOfStage('pocketbase', 'pocketbase')),
    env: { BACKUP_URL: 'file:///backup/pocketbase' },
    listen: (port) => ({ command: ['pocketbase', 'serve', '--dir=/data', `--http=127.0.0.1:${port}`] }),
  })
  const post = async (path: string, body: object, token = '') => {
    const headers = { 'content-type': 'application/json', authorization: token }
    const answer = await app.fetch(`/api/collections${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200)
    return (await answer.json()) as { id: string; token: string }
  }
  const signIn = async () => {
    const { token } = await post('/_superusers/auth-with-password', {
      identity: 'me@example.com',
      password: 'long enough',
    })
    return token
  }

  await app.start()
  await app.exec('pocketbase', '--dir=/data', 'superuser', 'upsert', 'me@example.com', 'long enough')
  const notes = { name: 'notes', type: 'base', fields: [{ name: 'text', type: 'text' }] }
  await post('', notes, await signIn())
  const record = await post('/notes/records', { text: 'Buy milk' }, await signIn())

  await app.stopAndLoseVolume()
  await app.start()
  const answer = await app.fetch('/api/collections/notes/records', { headers: { authorization: await signIn() } })
  const { items } = (await answer.json()) as { items: unknown[] }
  assert.deepEqual(items, [record])
})

/** Scenarios 24 and 28 to 30: data that outlives containers and volumes. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { minio, withS3 } from '../servers/s3.ts'
import { s3Replica } from '../support/s3-replica.ts'
import {
  type ContainerStage,
  DATABASE,
  EACH_IMAGE,
  fixture,
  notes,
  ON_HOST,
  ONE_IMAGE,
  scenario,
} from './container-stage.ts'

const BOOT_UNKNOWN = 76
const NOT_DURABLE = 75

type Prepare = (stage: ContainerStage, t: TestContext) => Promise<readonly string[] | undefined>

/** Each prepares the stage for its type of replica. @returns options for `docker run` */
const replicas: Readonly<Record<string, Prepare>> = {
  folder: async () => ['--network=none'],
  MinIO: async (stage, t) => {
    const s3 = await withS3(t, minio)
    if (s3 === undefined) return undefined
    stage.replicateTo(s3Replica(s3, 'app'))
    return ON_HOST
  },
}

for (const [replica, prepare] of Object.entries(replicas)) {
  scenario(
    `24: the last row at docker stop is in the next container, which has a new volume (${replica})`,
    async (stage, t) => {
      const options = await prepare(stage, t)
      if (options === undefined) return
      const container = stage.run(notes('wait', 0), { options })
      await container.appReady()
      await container.stop()
      await container.endsWith(0)
      await stage.loseVolume()
      const next = stage.run(fixture('first-look.ts', DATABASE), { options })
      await next.endsWith(0)
      assert.equal(next.program.stdout, 'rows 2\n')
    },
    replica === 'folder' ? EACH_IMAGE : ONE_IMAGE,
  )

  scenario(
    `24: kill -9 of the container, and docker start: the app goes on, and so does the replica (${replica})`,
    async (stage, t) => {
      const options = await prepare(stage, t)
      if (options === undefined) return
      const container = stage.run(notes('wait', 0), { options })
      await container.appReady()
      await container.snapshotWritten()
      await container.kill('SIGKILL')
      await container.endsWith(137)
      const again = stage.again(container)
      await again.appReady()
      await container.stop()
      await again.endsWith(0)
      again.assertCalm()
      await stage.loseVolume()
      const next = stage.run(fixture('first-look.ts', DATABASE), { options })
      await next.endsWith(0)
      assert.equal(next.program.stdout, 'rows 3\n')
    },
    ONE_IMAGE,
  )
}

scenario("28: on an empty volume the restore is finished before the app's first instruction", async (stage) => {
  const s3 = await stage.onS3()
  await stage.run(notes('exit', 0), { options: ON_HOST }).endsWith(0)
  await stage.loseVolume()
  s3.hold('GET')
  const container = stage.run(fixture('first-look.ts', DATABASE), { options: ON_HOST })
  await s3.holding('GET', () => container.program.tail())
  // An app that did not wait would say so by now: the client of docker needs longer than it.
  await assert.rejects(container.exec('ls', DATABASE))
  assert.equal(container.program.stdout, '')
  s3.release('GET')
  await container.endsWith(0)
  assert.equal(container.program.stdout, 'rows 1\n')
})

scenario('29: the storage refuses on an empty volume: the app is not started, 76', async (stage) => {
  const s3 = await stage.onS3()
  await stage.run(notes('exit', 0), { options: ON_HOST }).endsWith(0)
  await stage.loseVolume()
  s3.deny()
  await stage.run(['touch', '/box/ran'], { options: ON_HOST }).endsWith(BOOT_UNKNOWN)
  assert.equal(existsSync(stage.box.path('ran')), false)
})

scenario(
  '29: the backup is damaged: 76, and the volume stays empty',
  async (stage) => {
    await stage.run(notes('exit', 0)).endsWith(0)
    await stage.loseVolume()
    for (const name of readdirSync(stage.replicaPath, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.lz4')) writeFileSync(join(stage.replicaPath, name), 'garbage')
    }
    await stage.run(['touch', '/box/ran']).endsWith(BOOT_UNKNOWN)
    assert.equal(existsSync(stage.box.path('ran')), false)
    const files = stage.run(['sh', '-c', 'ls /data'], { variables: { WHERRY_REPLICATION: 'off' } })
    await files.endsWith(0)
    assert.equal(files.program.stdout, '')
  },
  ONE_IMAGE,
)

scenario(
  '30: the storage is silent: Wherry ends by itself within the 10 s of docker stop, 75',
  async (stage) => {
    const s3 = await stage.onS3()
    const container = stage.run(notes('wait', 0), { options: ON_HOST })
    await container.appReady()
    await container.snapshotWritten()
    s3.hold('LIST', 'GET', 'PUT', 'DELETE')
    await container.stop()
    // Docker's own SIGKILL would be 137.
    await container.endsWith(NOT_DURABLE)
    assert.match(container.program.stderr, /level=ERROR .*last commits of .*app\.db/i)
    // The volume still has it: a container that has the storage again stores it.
    for (const verb of ['LIST', 'GET', 'PUT', 'DELETE'] as const) s3.release(verb)
    await stage.run(['true'], { options: ON_HOST }).endsWith(0)
    assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
  },
  ONE_IMAGE,
)

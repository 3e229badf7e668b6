/** What the images promise beside the scenarios. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { DATABASE, fixture, notes, ON_HOST, ONE_IMAGE, scenario } from './container-stage.ts'

scenario('HEALTHCHECK turns healthy when all is stored, and unhealthy when the storage falls behind', async (stage) => {
  const s3 = await stage.onS3()
  const container = stage.run(fixture('ticks.ts', DATABASE), {
    options: [...ON_HOST, '--health-interval=1s', '--health-retries=1', '--health-start-period=0s'],
    variables: { WHERRY_READY_LAG: '1s' },
  })
  await container.appReady()
  await container.health('healthy')
  s3.hold('PUT')
  await container.health('unhealthy')
  const { Health } = await container.state()
  assert.match(Health?.Log.at(-1)?.Output ?? '', /behind/)
  s3.release('PUT')
  await container.health('healthy')
  await container.stop()
  await container.endsWith(143)
})

scenario('docker run --init, and so two inits: the same, and nothing is said about it', async (stage) => {
  const container = stage.run(notes('wait', 3), { options: ['--init', '--network=none'] })
  await container.appReady()
  await container.snapshotWritten()
  await container.stop()
  await container.endsWith(3)
  assert.doesNotMatch(container.program.stderr, /tini/i)
  container.assertCalm()
  assert.deepEqual(await stage.storedNotes(), ['first', 'last, at SIGTERM'])
})

scenario(
  'an app under load in 128 MB: nothing is killed, all is stored, and it is restored in as much',
  async (stage) => {
    const options = ['-m', '128m', '--memory-swap', '128m', '--network=none']
    const container = stage.run(fixture('load.ts', DATABASE, '2000', '1000'), { options })
    await container.endsWith(0)
    assert.equal((await container.state()).OOMKilled, false)
    await stage.loseVolume()
    const next = stage.run(fixture('first-look.ts', DATABASE), { options })
    await next.endsWith(0)
    assert.equal(next.program.stdout, 'rows 2000\n')
    assert.equal((await next.state()).OOMKilled, false)
  },
)

scenario("NODE_OPTIONS are the app's, and not Wherry's", async (stage) => {
  writeFileSync(stage.box.path('marker.cjs'), 'console.log("loaded by", process.argv[1])')
  const container = stage.run(fixture('describe.ts'), { variables: { NODE_OPTIONS: '--require=/box/marker.cjs' } })
  await container.endsWith(0)
  const [marker, description = ''] = container.program.stdout.split('\n')
  assert.equal(marker, 'loaded by /fixtures/describe.ts')
  const { env } = JSON.parse(description) as { env: Record<string, string> }
  assert.equal(env.NODE_OPTIONS, '--require=/box/marker.cjs')
  // How the launcher passes them by Wherry's own Node.
  assert.doesNotMatch(description, /WHERRY_APP_/)
  assert.doesNotMatch(container.program.stderr, /loaded by/)
})

scenario(
  'wherry check in a container of its own, beside one that runs',
  async (stage) => {
    const container = stage.run(notes('wait', 0))
    await container.appReady()
    await container.snapshotWritten()
    await stage.run(['wherry', 'check']).endsWith(0)
    await container.stop()
    await container.endsWith(0)
  },
  ONE_IMAGE,
)

/** Scenarios 19 to 23: the processes that an app starts, and what becomes of them in a container. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type ContainerStage, fixture, ONE_IMAGE, scenario } from './container-stage.ts'

/** Long enough that whoever waits it out is noticed. */
const LONG_GRACE = { variables: { WHERRY_GRACE_PERIOD: '60s' } }
const LONG_GRACE_MS = 60_000
const SHORT_GRACE_MS = 3000

scenario('19: an orphan of the app is reaped: no zombie after 2 s', async (stage) => {
  const container = stage.run(fixture('orphans.sh'))
  await container.endsWith(0)
  assert.match(container.program.stdout, /^zombies: $/m)
})

scenario('20: of "sh -c \'a & b\'" both hear docker stop', async (stage) => {
  const a = 'trap "echo a heard it; exit" TERM; echo "ready $$"; while :; do sleep 0.1; done'
  const container = stage.run(
    ['sh', '-c', `(${a}) & trap "echo b heard it; exit 8" TERM; wait; sleep 1000`],
    LONG_GRACE,
  )
  await container.appReady()
  const elapsedMs = await container.stop('-t', '60')
  await container.endsWith(8)
  assert.match(container.program.stdout, /^a heard it$/m)
  assert.match(container.program.stdout, /^b heard it$/m)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `stopped after ${elapsedMs} ms`)
})

scenario('21: a member of the process group that outlives the app gets SIGTERM', async (stage) => {
  const began = performance.now()
  await stage.run(fixture('group.sh', 'polite', '3'), LONG_GRACE).endsWith(3)
  const elapsedMs = performance.now() - began
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

scenario(
  '21: one that ignores it gets SIGKILL when the share of the grace is spent',
  async (stage) => {
    const container = stage.run(fixture('group.sh', 'deaf', '3'), {
      variables: { WHERRY_GRACE_PERIOD: `${SHORT_GRACE_MS}ms` },
    })
    await container.program.waitForOutput(/^member \d+$/m, 60_000)
    const began = performance.now()
    await container.endsWith(3)
    const elapsedMs = performance.now() - began
    assert.ok(elapsedMs > SHORT_GRACE_MS / 3, `ended after ${elapsedMs} ms`)
    assert.ok(elapsedMs < 4 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
  },
  ONE_IMAGE,
)

scenario('22: a process that left for a session of its own is gone with the container', async (stage) => {
  // By its argument it can be told from all others of the machine.
  const seconds = String(randomInt(1_000_000, 10_000_000))
  const container = stage.run(['sh', '-c', `setsid sleep ${seconds} & echo "ready $$"; sleep 1000`], LONG_GRACE)
  await container.appReady()
  assert.ok((await stage.docker.run(['top', container.name])).includes(seconds))
  const elapsedMs = await container.stop('-t', '60')
  await container.endsWith(143)
  assert.equal(await isRunning(stage, seconds), false)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `stopped after ${elapsedMs} ms`)
})

scenario('23: docker run ends although a grandchild holds the output', async (stage) => {
  const began = performance.now()
  const container = stage.run(fixture('escape.sh', '4'), LONG_GRACE)
  await container.endsWith(4)
  const elapsedMs = performance.now() - began
  assert.match(container.program.stdout, /^escaped \d+$/m)
  assert.ok(elapsedMs < LONG_GRACE_MS / 4, `ended after ${elapsedMs} ms`)
})

/** Whether the machine that docker runs on has a process `sleep SECONDS`. */
async function isRunning({ docker, image }: ContainerStage, seconds: string): Promise<boolean> {
  const look = ['--rm', '--pid=host', '--network=none', '--entrypoint=sh', image, '-c', 'cat /proc/[0-9]*/cmdline']
  const { stdout } = await docker.try(['run', ...look])
  return stdout.split('\0').includes(seconds)
}

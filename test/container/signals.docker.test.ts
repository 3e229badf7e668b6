/** Scenarios 9 to 12: signals from docker, through the image's init. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { KEYS, noTerminals, openTerminal } from '../support/terminal.ts'
import { waitUntil } from '../support/wait.ts'
import { type ContainerStage, EACH_IMAGE, fixture, notes, ON_HOST, ONE_IMAGE, scenario } from './container-stage.ts'
import { startAndKill } from './start-and-kill.ts'

/** Long enough that whoever waits it out is noticed. */
const LONG_GRACE_S = 60

/** The signals that the app of fixtures/count-signals.ts got. */
function seenIn(stage: ContainerStage): string[] {
  const path = stage.box.path('signals')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

for (const stopSignal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) {
  // The last one shows that none before it came twice.
  const signals = ['SIGHUP', 'SIGUSR1', 'SIGWINCH', stopSignal, 'SIGUSR2']
  scenario(
    `9: ${signals.join(', ')} reach the app exactly once`,
    async (stage) => {
      const container = stage.run(fixture('count-signals.ts', '/box/signals'))
      await container.program.waitForOutput(/^ready$/m, 60_000)
      for (const signal of signals) {
        await container.kill(signal)
        await waitUntil(signal, () => seenIn(stage).includes(signal), { explain: () => container.program.tail() })
      }
      writeFileSync(stage.box.path('signals.end'), '')
      await container.endsWith(0)
      assert.deepEqual(seenIn(stage), signals)
    },
    stopSignal === 'SIGTERM' ? EACH_IMAGE : ONE_IMAGE,
  )
}

scenario('9: docker stop is a SIGTERM for the app, which is not killed', async (stage) => {
  const container = stage.run(fixture('polite.sh', '5'), { variables: { WHERRY_GRACE_PERIOD: `${LONG_GRACE_S}s` } })
  await container.appReady()
  const elapsedMs = await container.stop('-t', String(LONG_GRACE_S))
  assert.ok(elapsedMs < (LONG_GRACE_S * 1000) / 4, `stopped after ${elapsedMs} ms`)
  await container.endsWith(5)
})

scenario(
  '10: docker run -it: Ctrl-C is one SIGINT for the app',
  async (stage, t) => {
    if (noTerminals !== false) return t.skip(noTerminals)
    const { command, name } = stage.command(fixture('count-signals.ts', '/box/signals'), {
      options: ['-it', '--network=none'],
    })
    const variables = Object.entries(stage.docker.env).map(([key, value]) => `${key}=${value}`)
    const { program, type } = await openTerminal(stage.box, ['env', ...variables, ...command])
    await program.waitForOutput(/^ready\r?$/m, 60_000)
    type(KEYS.interrupt)
    await waitUntil('SIGINT', () => seenIn(stage).length > 0, { explain: () => program.tail() })
    // Quit comes after it, by the same way: a second SIGINT would have come before.
    type(KEYS.quit)
    await waitUntil('SIGQUIT', () => seenIn(stage).includes('SIGQUIT'), { explain: () => program.tail() })
    writeFileSync(stage.box.path('signals.end'), '')
    assert.equal((await program.ended).code, 0, program.tail())
    assert.equal(await stage.docker.run(['inspect', '-f', '{{.State.ExitCode}}', name]), '0')
    assert.deepEqual(seenIn(stage), ['SIGINT', 'SIGQUIT'])
  },
  ONE_IMAGE,
)

scenario('11: docker stop during the restore: no app, 143', async (stage) => {
  const s3 = await stage.onS3()
  await stage.run(notes('exit', 0), { options: ON_HOST }).endsWith(0)
  await stage.loseVolume()
  s3.hold('GET')
  const container = stage.run(['touch', '/box/ran'], { options: ON_HOST })
  await s3.holding('GET', () => container.program.tail())
  const elapsedMs = await container.stop('-t', String(LONG_GRACE_S))
  assert.ok(elapsedMs < (LONG_GRACE_S * 1000) / 4, `stopped after ${elapsedMs} ms`)
  await container.endsWith(143)
  assert.equal(existsSync(stage.box.path('ran')), false)
})

/** From the start of a container to that of the app there may be more than the 200 ms. */
const delaysMs = [...Array.from({ length: 21 }, (_, step) => step * 10), 275, 350, 450, 650]

scenario(
  '12: SIGTERM from 0 to 200 ms after the init starts Wherry, and until the app runs, is not lost',
  async (stage) => {
    const delays = stage.image === ONE_IMAGE[0] ? [...delaysMs] : delaysMs.filter((delayMs) => delayMs % 50 === 0)
    // Two at a time, each with a volume of its own.
    await Promise.all([oneAfterTheOther(), oneAfterTheOther()])

    async function oneAfterTheOther(): Promise<void> {
      for (let delayMs = delays.shift(); delayMs !== undefined; delayMs = delays.shift()) {
        await startAndKill(stage, delayMs)
      }
    }
  },
)
